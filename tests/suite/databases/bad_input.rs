//! Databases that are declared twice, down, unknown, standbys, busy, or die midway.

use std::{sync::LazyLock, time::Duration};

use diesel_tenants::{
    TenantPool,
    directory::DirectoryTables,
    migrations::{DatabasesEvent, DatabasesMigration},
};
use diesel_tenants_test_support::Server;

use super::{ONE, SECOND_SERVER, Shards, TWO, USERS, count_tables, outcomes, text};
use crate::migrations::Folder;

fn migrate(pool: &TenantPool) -> DatabasesMigration<'_> {
    pool.all_databases()
        .migrate_tenants(Folder::of(&[ONE, TWO]))
        .shared_first(Folder::of(&[USERS]))
}

/// A URL at which nobody answers.
pub fn nobody() -> String {
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    format!("postgres://nobody@127.0.0.1:{port}/none")
}

#[tokio::test]
async fn a_shard_that_is_declared_twice_is_refused_before_anything_is_done() {
    let database = SECOND_SERVER.database();
    // Another way to write the same address.
    let twice = database.url().replace("127.0.0.1", "localhost");
    let url = database.url().to_owned();
    let shards = Shards::with(|builder| builder.database("three", url).database("four", twice)).await;
    let error = text(&migrate(&shards.pool).run().await.unwrap_err());
    assert!(error.contains("\"four\" and \"three\" are one database"), "{error}");
    assert_eq!(
        count_tables(&database, "users") + count_tables(&shards.main, "users"),
        0
    );
    // The pool's own database as well.
    let main = Server::shared().database();
    let pool = TenantPool::builder(main.url())
        .database("again", main.url())
        .build()
        .await
        .unwrap();
    let error = text(&migrate(&pool).run().await.unwrap_err());
    assert!(error.contains("\"main\" and \"again\" are one database"), "{error}");
}

#[tokio::test]
async fn no_other_database_can_be_called_main() {
    let database = Server::shared().database();
    let builder = TenantPool::builder(database.url()).database("main", database.url());
    let error = builder.build().await.unwrap_err();
    assert!(matches!(error, diesel_tenants::BuildError::ReservedDatabase), "{error}");
}

#[tokio::test]
async fn a_database_that_is_down_stops_everything_or_is_skipped_by_choice() {
    let shards = Shards::with(|builder| builder.database("down", nobody())).await;
    shards.place("b", "b", "one").await;
    shards
        .main
        .run("INSERT INTO tenants (name, schema_name, database_name) VALUES ('d', 'd', 'down')");
    let error = text(&migrate(&shards.pool).run().await.unwrap_err());
    assert!(
        error.contains("can't reach database \"down\", where 1 tenant lives"),
        "{error}"
    );
    assert_eq!(count_tables(&shards.one, "users"), 0);

    let skipping = || {
        shards
            .pool
            .all_databases()
            .skip_unreachable()
            .migrate_tenants(Folder::of(&[ONE, TWO]))
            .shared_first(Folder::of(&[USERS]))
    };
    let report = skipping().run().await.unwrap();
    assert_eq!(
        outcomes(&report),
        ["down/d: not reached []", "one/b: migrated [\"002\"]"]
    );
    assert!(!report.is_success());
    assert!(
        report
            .to_string()
            .ends_with("in 3 databases; 1 database could not be reached"),
        "{report}"
    );
    let error = text(&skipping().only(["d"]).run().await.unwrap_err());
    assert!(
        error.contains("tenant \"d\" lives in database \"down\", which can't be reached"),
        "{error}"
    );
}

#[tokio::test]
async fn a_row_of_a_database_that_nobody_declared_is_an_error_with_its_tenants() {
    let shards = Shards::with_tenants().await;
    // As after a shard was taken out of the configuration.
    let pool = TenantPool::builder(shards.main.url())
        .directory(DirectoryTables::new())
        .database("one", shards.one.url())
        .build()
        .await
        .unwrap();
    let error = text(&migrate(&pool).run().await.unwrap_err());
    assert!(
        error.contains("database \"two\", where 1 tenant lives") && error.contains("is not declared"),
        "{error}"
    );
    let report = pool
        .all_databases()
        .skip_unreachable()
        .migrate_tenants(Folder::of(&[ONE]))
        .run()
        .await
        .unwrap();
    assert_eq!(
        outcomes(&report),
        ["main/a: up to date []", "one/b: up to date []", "two/c: not reached []"]
    );
    let error = text(&pool.all_databases().only(["three"]).inspect().await.unwrap_err());
    assert!(
        error.contains("there is no database \"three\"; there are [\"main\", \"one\", \"two\"]"),
        "{error}"
    );
}

#[tokio::test]
async fn two_deployers_at_once_do_not_work_in_the_same_databases() {
    let shards = Shards::with_tenants().await;
    let slow = Folder::of(&[
        ONE,
        ("002_slow", "SELECT pg_sleep(2); CREATE TABLE two ()", "DROP TABLE two"),
    ]);
    // The other one calls the databases by other names.
    let other = TenantPool::builder(shards.main.url())
        .directory(DirectoryTables::new())
        .migration_lock_timeout(Duration::from_millis(300))
        .database("one", shards.one.url())
        .database("two", shards.two.url())
        .build()
        .await
        .unwrap();
    let first = async {
        let all = shards.pool.all_databases();
        all.migrate_tenants(slow.migrations()).run().await.unwrap()
    };
    let second = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let all = other.all_databases();
        let refused = all.migrate_tenants(slow.migrations()).run().await.unwrap_err();
        // A dry run waits for nobody.
        let all = other.all_databases();
        let _ = all.migrate_tenants(slow.migrations()).dry_run().run().await.unwrap();
        refused
    };
    let (first, second) = tokio::join!(first, second);
    assert_eq!(first.to_string(), "3 migrated, in 3 databases");
    let error = text(&second);
    assert!(
        error.contains("another migration of the tenants was still running"),
        "{error}"
    );
}

/// A cluster of this test's own, which it breaks.
static DYING: LazyLock<Server> = LazyLock::new(Server::start);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shard_that_dies_midway_leaves_the_others_done_and_the_same_call_continues() {
    let dying = DYING.database();
    let url = dying.url().to_owned();
    let shards = Shards::with(|builder| builder.database("dying", url)).await;
    for number in 0..4 {
        shards
            .place(&format!("d{number}"), &format!("d{number}"), "dying")
            .await;
        shards.place(&format!("o{number}"), &format!("o{number}"), "one").await;
    }
    let folder = Folder::of(&[
        ONE,
        (
            "002_slow",
            "SELECT pg_sleep(0.3); CREATE TABLE two ()",
            "DROP TABLE two",
        ),
    ]);
    let kill = |event: DatabasesEvent<'_>| {
        if let DatabasesEvent::Tenant { database: "dying", .. } = event {
            DYING.stop();
        }
    };
    let all = shards.pool.all_databases();
    let migration = all.migrate_tenants(folder.migrations()).workers(1).keep_going();
    let report = migration.on_progress(kill).run().await.unwrap();
    assert!(report.database("one").unwrap().is_success(), "{:?}", outcomes(&report));
    let dead = report.database("dying").unwrap();
    let is = |name: &str| {
        dead.tenants
            .iter()
            .filter(|tenant| tenant.outcome.to_string() == name)
            .count()
    };
    assert!(is("migrated") >= 1 && is("not reached") >= 1, "{:?}", outcomes(&report));
    assert!(!report.is_success());

    DYING.restart();
    let all = shards.pool.all_databases();
    let report = all.migrate_tenants(folder.migrations()).run().await.unwrap();
    assert!(report.is_success(), "{:?}", outcomes(&report));
    assert_eq!(count_tables(&dying, "two"), 4);
}

#[tokio::test]
async fn a_tenant_whose_schema_is_gone_from_its_shard_is_told_and_the_others_are_migrated() {
    let shards = Shards::with_tenants().await;
    // As after a shard came back from an older backup.
    shards.one.run("DROP SCHEMA b CASCADE");
    let report = migrate(&shards.pool).keep_going().run().await.unwrap();
    assert_eq!(
        outcomes(&report),
        [
            "main/a: migrated [\"002\"]",
            "one/b: failed []",
            "two/c: migrated [\"002\"]"
        ]
    );
    let status = shards
        .pool
        .all_databases()
        .migration_status(Folder::of(&[ONE, TWO]))
        .await
        .unwrap();
    assert_eq!(status.databases[1].missing, ["b".parse().unwrap()]);
    assert!(!status.is_up_to_date());
}

#[tokio::test]
async fn a_standby_is_refused_in_words_of_our_own() {
    let primary = Server::builder()
        .setting("wal_level", "replica")
        .setting("max_wal_senders", "4")
        .start()
        .unwrap();
    let shard = primary.database();
    let standby = primary.replica();
    let url = standby.url_for(shard.name());
    // The standby may need a moment until it has the database.
    let begun = std::time::Instant::now();
    while TenantPool::builder(url.clone()).build().await.is_err() {
        assert!(
            begun.elapsed() < Duration::from_secs(20),
            "the standby has no such database"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let shards = Shards::with(|builder| builder.database("standby", url.clone())).await;
    let error = text(&migrate(&shards.pool).run().await.unwrap_err());
    assert!(
        error.contains("the server of database \"standby\" is a standby"),
        "{error}"
    );
    let found = shards.pool.all_databases().inspect().await.unwrap();
    let found = found.iter().find(|found| found.database == "standby").unwrap();
    assert!(found.state.as_ref().unwrap().is_standby && !found.is_well());
    // Its primary is the same database.
    let primary = shard.url().to_owned();
    let shards = Shards::with(|builder| builder.database("standby", url).database("primary", primary)).await;
    let error = text(&migrate(&shards.pool).run().await.unwrap_err());
    assert!(
        error.contains("\"primary\" and \"standby\" are one database"),
        "{error}"
    );
}
