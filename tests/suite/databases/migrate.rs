//! Migrations of all databases: one plan, one report.

use std::sync::Mutex;

use diesel_tenants::{
    Revert, TenantPool,
    migrations::{DatabasesEvent, TenantOutcome},
};
use diesel_tenants_test_support::Server;

use super::{ONE, SECOND_SERVER, Shards, TWO, USERS, count_tables, outcomes};
use crate::migrations::Folder;

#[tokio::test]
async fn one_call_migrates_the_shared_schema_of_each_database_and_then_its_tenants() {
    let shards = Shards::with_tenants().await;
    let events = Mutex::new(Vec::new());
    let migration = shards
        .pool
        .all_databases()
        .migrate_tenants(Folder::of(&[ONE, TWO]))
        .shared_first(Folder::of(&[USERS]));
    let note = |event: DatabasesEvent<'_>| {
        events.lock().unwrap().push(match event {
            DatabasesEvent::Planned {
                databases,
                tenants,
                pending,
            } => format!("{databases} {tenants} {pending}"),
            DatabasesEvent::Shared { database, report } => format!("{database}: {:?}", report.versions),
            DatabasesEvent::Tenant { database, report } => format!("{database}/{}", report.tenant),
            _ => String::new(),
        });
    };
    // `two` refers to `users`, which the shared migrations create.
    let report = migration.on_progress(note).run().await.unwrap();
    assert_eq!(
        outcomes(&report),
        [
            "main/a: migrated [\"002\"]",
            "one/b: migrated [\"002\"]",
            "two/c: migrated [\"002\"]"
        ]
    );
    for database in &report.databases {
        assert_eq!(
            database.shared.as_ref().unwrap().versions,
            ["001"],
            "{}",
            database.database
        );
    }
    assert!(report.is_success());
    assert_eq!(report.to_string(), "3 migrated, in 3 databases");
    for database in [&shards.main, &shards.one, &shards.two] {
        assert_eq!((count_tables(database, "users"), count_tables(database, "two")), (1, 1));
    }
    let mut events = events.into_inner().unwrap();
    assert_eq!(events.remove(0), "3 3 3");
    events.sort();
    let expected = [
        "main/a",
        "main: [\"001\"]",
        "one/b",
        "one: [\"001\"]",
        "two/c",
        "two: [\"001\"]",
    ];
    assert_eq!(events, expected);

    let again = shards
        .pool
        .all_databases()
        .migrate_tenants(Folder::of(&[ONE, TWO]))
        .shared_first(Folder::of(&[USERS]))
        .run()
        .await
        .unwrap();
    assert_eq!(again.to_string(), "3 up to date, in 3 databases");
}

#[tokio::test]
async fn a_dry_run_says_what_each_database_lacks_and_changes_none() {
    let shards = Shards::with_tenants().await;
    let report = shards
        .pool
        .all_databases()
        .migrate_tenants(Folder::of(&[ONE, TWO]))
        .shared_first(Folder::of(&[USERS]))
        .dry_run()
        .run()
        .await
        .unwrap();
    assert_eq!(report.to_string(), "3 pending, in 3 databases");
    let shared = report.database("one").unwrap().shared.as_ref().unwrap();
    assert!(matches!(shared.outcome, TenantOutcome::Pending) && shared.versions == ["001"]);
    assert_eq!(count_tables(&shards.one, "users") + count_tables(&shards.one, "two"), 0);

    let status = shards
        .pool
        .all_databases()
        .migration_status(Folder::of(&[ONE, TWO]))
        .shared(Folder::of(&[USERS]))
        .await
        .unwrap();
    assert!(!status.is_up_to_date());
    for database in &status.databases {
        assert_eq!(database.tenants[0].pending, ["002"], "{}", database.database);
        assert_eq!(database.shared.as_ref().unwrap().pending, ["001"]);
    }
}

#[tokio::test]
async fn a_failed_canary_leaves_the_other_databases_untouched() {
    let shards = Shards::with_tenants().await;
    shards.one.run("CREATE TABLE b.two (id int)");
    let migrate = || {
        shards
            .pool
            .all_databases()
            .migrate_tenants(Folder::of(&[ONE, TWO]))
            .shared_first(Folder::of(&[USERS]))
            .canaries(["b"])
            .keep_going()
    };
    let report = migrate().run().await.unwrap();
    assert_eq!(
        outcomes(&report),
        ["main/a: not reached []", "one/b: failed []", "two/c: not reached []"]
    );
    assert_eq!(
        report.database("one").unwrap().shared.as_ref().unwrap().versions,
        ["001"]
    );
    assert_eq!(
        count_tables(&shards.main, "users") + count_tables(&shards.two, "users"),
        0
    );

    shards.one.run("DROP TABLE b.two");
    let report = migrate().run().await.unwrap();
    assert_eq!(report.to_string(), "3 migrated, in 3 databases");
}

#[tokio::test]
async fn a_failure_in_the_first_database_keeps_the_others_as_they_are() {
    let shards = Shards::with_tenants().await;
    shards.two.run("CREATE TABLE c.two (id int)");
    let report = shards
        .pool
        .all_databases()
        .migrate_tenants(Folder::of(&[ONE, TWO]))
        .shared_first(Folder::of(&[USERS]))
        .first_database("two")
        .keep_going()
        .run()
        .await
        .unwrap();
    assert_eq!(
        outcomes(&report),
        ["main/a: not reached []", "one/b: not reached []", "two/c: failed []"]
    );
}

#[tokio::test]
async fn tenants_have_the_names_of_the_directory_whatever_their_schemas_are_called() {
    let shards = Shards::new().await;
    shards.place("client7", "schema of 7", "one").await;
    shards.place("client8", "client7", "two").await;
    let migrate = || {
        shards
            .pool
            .all_databases()
            .migrate_tenants(Folder::of(&[ONE, ("002_two", "CREATE TABLE two ()", "DROP TABLE two")]))
    };
    let report = migrate().only(["client7"]).run().await.unwrap();
    assert_eq!(outcomes(&report), ["one/client7: migrated [\"002\"]"]);
    assert_eq!(
        (count_tables(&shards.one, "two"), count_tables(&shards.two, "two")),
        (1, 0)
    );
    let report = migrate().run().await.unwrap();
    assert_eq!(
        outcomes(&report),
        ["one/client7: up to date []", "two/client8: migrated [\"002\"]"]
    );
    let reverted = shards
        .pool
        .all_databases()
        .revert_tenants(
            Folder::of(&[ONE, ("002_two", "CREATE TABLE two ()", "DROP TABLE two")]),
            Revert::Last(1),
        )
        .run()
        .await
        .unwrap();
    assert_eq!(reverted.to_string(), "2 reverted, in 3 databases");
}

#[tokio::test]
async fn a_database_of_one_tenant_gets_that_tenants_migrations_and_no_shared_ones() {
    let shards = Shards::new().await;
    shards.place("own", "public", "two").await;
    let migrate = || {
        shards
            .pool
            .all_databases()
            .migrate_tenants(Folder::of(&[ONE, ("002_two", "CREATE TABLE two ()", "DROP TABLE two")]))
            .shared_first(Folder::of(&[USERS]))
    };
    let planned = migrate().dry_run().run().await.unwrap();
    assert_eq!(outcomes(&planned), ["two/own: pending [\"002\"]"]);
    let report = migrate().run().await.unwrap();
    assert_eq!(outcomes(&report), ["two/own: migrated [\"002\"]"]);
    assert!(report.database("two").unwrap().shared.is_none());
    assert_eq!(
        (count_tables(&shards.two, "users"), count_tables(&shards.two, "two")),
        (0, 1)
    );
    assert_eq!(outcomes(&migrate().run().await.unwrap()), ["two/own: up to date []"]);
}

#[tokio::test]
async fn a_database_without_tenants_is_left_alone() {
    let reports = SECOND_SERVER.database();
    let url = reports.url().to_owned();
    let shards = Shards::with(|builder| builder.database_without_tenants("reports", url)).await;
    let report = shards
        .pool
        .all_databases()
        .migrate_tenants(Folder::of(&[ONE]))
        .shared_first(Folder::of(&[USERS]))
        .run()
        .await
        .unwrap();
    assert!(report.database("reports").is_none() && report.database("one").is_some());
    assert_eq!(count_tables(&reports, "users"), 0);
    shards.pool.using_database("reports").shared().get().await.unwrap();
}

#[tokio::test]
async fn without_a_directory_every_schema_of_every_database_is_migrated() {
    let (main, one) = (Server::shared().database(), SECOND_SERVER.database());
    let pool = TenantPool::builder(main.url())
        .database("one", one.url())
        .build()
        .await
        .unwrap();
    let shard = pool.using_database("one").pool().await.unwrap();
    for pool in [&pool, &shard] {
        pool.create_tenant("same", Folder::of(&[ONE])).await.unwrap();
    }
    shard.create_tenant("there", Folder::of(&[ONE])).await.unwrap();
    let two = || Folder::of(&[ONE, ("002_two", "CREATE TABLE two ()", "DROP TABLE two")]);
    let migrate = || pool.all_databases().migrate_tenants(two());
    let error = migrate().only(["same"]).run().await.unwrap_err();
    assert!(
        super::text(&error).contains("several databases have a tenant \"same\": [\"main\", \"one\"]"),
        "{error}"
    );
    let report = migrate().only(["there"]).run().await.unwrap();
    assert_eq!(outcomes(&report), ["one/there: migrated [\"002\"]"]);
    let report = migrate().run().await.unwrap();
    assert_eq!(
        outcomes(&report),
        [
            "main/same: migrated [\"002\"]",
            "one/same: migrated [\"002\"]",
            "one/there: up to date []"
        ]
    );
}

#[tokio::test]
async fn what_was_reverted_in_a_database_of_one_tenant_before_a_failure_is_reported() {
    let shards = Shards::new().await;
    shards.place("own", "public", "two").await;
    let lasting = ("001_one", ONE.1, "DROP TABLE nowhere");
    let more = ("002_more", "CREATE TABLE more ()", "DROP TABLE more");
    let all = || shards.pool.all_databases();
    let migrated = all().migrate_tenants(Folder::of(&[lasting, more])).run().await;
    assert!(migrated.unwrap().is_success());
    let revert = all().revert_tenants(Folder::of(&[lasting, more]), Revert::Last(2));
    let report = revert.run().await.unwrap();
    let [(_, own)] = report.tenants().collect::<Vec<_>>()[..] else {
        panic!("{report:?}")
    };
    assert!(matches!(own.outcome, TenantOutcome::Failed(_)), "{own:?}");
    assert_eq!(own.versions, ["002"]);
    assert_eq!(count_tables(&shards.two, "more"), 0);
}

#[tokio::test]
async fn shared_schemas_alone_are_migrated_and_shown_whatever_state_tenants_are_in() {
    let shards = Shards::with_tenants().await;
    shards.two.run("DROP SCHEMA c CASCADE");
    shards
        .one
        .run("ALTER TABLE b.__diesel_schema_migrations RENAME version TO other");
    let all = || shards.pool.all_databases();
    let migration = all().migrate_tenants(Folder::of(&[ONE])).without_tenants();
    let report = migration.shared_first(Folder::of(&[USERS])).run().await.unwrap();
    assert!(report.is_success(), "{report:?}");
    assert_eq!(report.tenants().count(), 0);
    for database in [&shards.main, &shards.one, &shards.two] {
        assert_eq!(count_tables(database, "users"), 1);
    }
    let status = all().migration_status(Folder::of(&[ONE])).without_tenants();
    let status = status.shared(Folder::of(&[USERS])).await.unwrap();
    assert_eq!(status.databases.len(), 3);
    for database in &status.databases {
        assert_eq!(database.shared.as_ref().unwrap().applied, ["001"]);
        assert!(database.tenants.is_empty() && database.missing.is_empty());
    }
}
