use std::time::Duration;

use diesel_tenants::{CheckoutError, LifecycleError, SchemaNameError, TenantPool, TenantStatus};
use diesel_tenants_test_support::{Database, Server, chain};

use crate::{migrations::Folder, migrations::items_only};

async fn empty() -> (TenantPool, Database) {
    let database = Server::shared().database();
    let pool = TenantPool::builder(database.url()).max_size(4).build().await.unwrap();
    (pool, database)
}

async fn spares(pool: &TenantPool) -> Vec<String> {
    let all = pool.all_tenants().await.unwrap();
    all.into_iter()
        .filter(|tenant| tenant.status == TenantStatus::Spare)
        .map(|tenant| tenant.name.as_str().to_owned())
        .collect()
}

/// Where the tables of items are, each with its schema.
fn tables(database: &Database) -> Vec<(String, String)> {
    let sql = "SELECT relfilenode, relnamespace::regnamespace FROM pg_class WHERE relname = 'items' ORDER BY 1";
    let rows = database.query_strings(sql);
    rows.into_iter()
        .map(|mut row| (row[0].take().unwrap(), row[1].take().unwrap()))
        .collect()
}

#[tokio::test]
async fn a_sign_up_takes_a_spare_and_makes_no_table() {
    let (pool, database) = empty().await;
    assert_eq!(pool.prepare_spares(2, items_only()).await.unwrap().made, 2);
    assert_eq!(pool.prepare_spares(2, items_only()).await.unwrap().made, 0);
    let before = tables(&database);
    assert_eq!(before.len(), 2);
    assert!(pool.tenants().await.unwrap().is_empty());
    // Known to be none a moment ago.
    assert!(!pool.tenant_exists("client1").await.unwrap());
    let applied = pool.create_tenant("client1", items_only()).await.unwrap();
    assert_eq!(applied.len(), 1);
    let after = tables(&database);
    let files = |tables: &[(String, String)]| tables.iter().map(|table| table.0.clone()).collect::<Vec<_>>();
    assert_eq!(files(&after), files(&before));
    assert!(after.iter().any(|table| table.1 == "client1"), "{after:?}");
    assert_eq!(spares(&pool).await.len(), 1);
    pool.for_tenant("client1").get().await.unwrap();
    assert_eq!(pool.tenants().await.unwrap()[0].status, TenantStatus::Active);
    assert_eq!(
        pool.prepare_spares(2, items_only()).await.unwrap().made,
        1,
        "one is missing"
    );
    pool.ensure_tenant("client2", items_only()).await.unwrap();
    assert_eq!(spares(&pool).await.len(), 1);
}

#[tokio::test]
async fn a_spare_is_nobodys_until_it_is_taken_and_its_name_nobody_can_have() {
    let (pool, _database) = empty().await;
    pool.prepare_spares(1, items_only()).await.unwrap();
    let spare = &spares(&pool).await[0];
    let error = pool.for_tenant(spare).get().await.unwrap_err();
    assert!(matches!(error, CheckoutError::UnknownTenant { .. }), "{error:?}");
    let error = pool.rename_tenant(spare, "client1").await.unwrap_err();
    assert!(matches!(error, LifecycleError::NotFound { .. }), "{error:?}");
    pool.create_tenant("client1", items_only()).await.unwrap();
    let archive = pool.archive_tenant("client1").await.unwrap();
    pool.create_tenant("client2", items_only()).await.unwrap();
    for error in [
        pool.create_tenant(spare, items_only()).await.unwrap_err(),
        pool.ensure_tenant(spare, items_only()).await.unwrap_err(),
        pool.rename_tenant("client2", spare).await.unwrap_err(),
        pool.restore_tenant(&archive, spare).await.unwrap_err(),
    ] {
        assert!(
            matches!(error, LifecycleError::InvalidName(SchemaNameError::Spare { .. })),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn a_spare_with_other_migrations_than_asked_for_is_left_until_it_gets_them() {
    let (pool, database) = empty().await;
    let folder = Folder::of(&[("001_items", "CREATE TABLE items (id int)", "")]);
    pool.prepare_spares(1, folder.migrations()).await.unwrap();
    folder.write("002_more", "up.sql", "CREATE TABLE more (id int)");
    pool.create_tenant("client1", folder.migrations()).await.unwrap();
    assert_eq!(spares(&pool).await.len(), 1, "it lacks a migration");
    assert_eq!(tables(&database).len(), 2);
    let newer = folder.migrations();
    assert_eq!(
        pool.prepare_spares(1, newer.clone()).await.unwrap().made,
        0,
        "brought up to date"
    );
    pool.create_tenant("client2", newer).await.unwrap();
    assert_eq!(tables(&database).len(), 2);

    pool.prepare_spares(1, folder.migrations()).await.unwrap();
    assert_eq!(
        pool.prepare_spares(1, items_only()).await.unwrap().made,
        1,
        "that of others doesn't count"
    );
    let all = spares(&pool).await;
    assert_eq!(all.len(), 2);
    for spare in all {
        pool.drop_tenant(spare).await.unwrap();
    }
    assert!(spares(&pool).await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_two_sign_ups_get_the_same_spare_and_those_without_are_created_as_usual() {
    let (pool, database) = empty().await;
    let (one, two) = tokio::join!(
        pool.prepare_spares(4, items_only()),
        pool.prepare_spares(4, items_only())
    );
    assert_eq!(
        one.unwrap().made + two.unwrap().made,
        4,
        "both together made no more than one would"
    );
    let names: Vec<String> = (0..8).map(|number| format!("client{number}")).collect();
    let sign_ups = names
        .iter()
        .map(|name| pool.create_tenant(name, items_only()).into_future());
    for result in futures_util::future::join_all(sign_ups).await {
        result.unwrap();
    }
    assert!(spares(&pool).await.is_empty());
    let mut schemas: Vec<String> = tables(&database).into_iter().map(|table| table.1).collect();
    schemas.sort();
    assert_eq!(schemas, names);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_those_who_sign_up_by_the_same_name_one_gets_a_spare() {
    let (pool, _database) = empty().await;
    pool.prepare_spares(3, items_only()).await.unwrap();
    let sign_ups = (0..3).map(|_| pool.create_tenant("client1", items_only()).into_future());
    let results = futures_util::future::join_all(sign_ups).await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1, "{results:?}");
    assert_eq!(spares(&pool).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sign_up_that_is_given_up_anywhere_leaves_a_spare_or_a_tenant() {
    let (pool, database) = empty().await;
    let count = 12;
    pool.prepare_spares(count, items_only()).await.unwrap();
    let mut given_up = 0;
    for number in 0..count {
        let patience = Duration::from_micros(1000 * number as u64);
        let name = format!("client{number}");
        let sign_up = tokio::time::timeout(patience, pool.create_tenant(&name, items_only()));
        given_up += usize::from(sign_up.await.is_err());
    }
    assert!(given_up > 0, "none was given up");
    // The server may still be at the last one.
    while !crate::activation::advisory_locks(&database).is_empty() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let tenants = pool.tenants().await.unwrap().len();
    assert_eq!(tenants + spares(&pool).await.len(), count);
    for number in 0..count {
        pool.ensure_tenant(format!("client{number}"), items_only())
            .await
            .unwrap();
    }
    assert_eq!(tables(&database).len(), count);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crash_while_spares_are_made_is_cleared_up_by_the_next_call() {
    let server = Server::start();
    let database = server.database();
    let pool = TenantPool::builder(database.url()).build().await.unwrap();
    let folder = Folder::of(&[
        ("001_items", "CREATE TABLE items (id int)", ""),
        ("002_slow", "SELECT pg_sleep(30)", ""),
    ])
    .without_transaction("002_slow");
    let crash = async {
        let asleep = "SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
        while database.query_strings(asleep).is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        server.stop();
        server.restart();
    };
    let (made, ()) = tokio::join!(pool.prepare_spares(1, folder.migrations()), crash);
    assert!(chain(&made.unwrap_err()).starts_with("can't create the tables of tenant \"diesel-tenants spare "));
    assert_eq!(pool.all_tenants().await.unwrap()[0].status, TenantStatus::Unfinished);
    folder.write("002_slow", "up.sql", "SELECT 1");
    assert_eq!(pool.prepare_spares(1, folder.migrations()).await.unwrap().made, 1);
    assert_eq!(pool.all_tenants().await.unwrap().len(), 1, "what was left is gone");
    pool.create_tenant("client1", folder.migrations()).await.unwrap();
    assert!(
        spares(&pool).await.is_empty(),
        "also one with steps of its own is taken"
    );
}

/// Where somebody waits for himself, this ends all the same.
async fn soon<F: std::future::IntoFuture>(future: F) -> F::Output {
    let patience = Duration::from_secs(120);
    tokio::time::timeout(patience, Box::pin(future.into_future()))
        .await
        .expect("it waits for itself")
}

/// Migrations that wait until nobody has an older snapshot, or a lock on the table.
fn concurrently() -> Folder {
    Folder::of(&[
        (
            "001_items",
            "CREATE TABLE items (id bigint PRIMARY KEY, name text); \
             CREATE TABLE parts (at int) PARTITION BY LIST (at); CREATE TABLE part PARTITION OF parts FOR VALUES IN (1)",
            "",
        ),
        ("002_index", "CREATE INDEX CONCURRENTLY items_name ON items (name)", ""),
        ("003_anew", "REINDEX INDEX CONCURRENTLY items_name", ""),
        ("004_vacuum", "VACUUM items", ""),
        ("005_detach", "ALTER TABLE parts DETACH PARTITION part CONCURRENTLY", ""),
        ("006_drop", "DROP INDEX CONCURRENTLY items_name", ""),
    ])
    .without_transaction("002_index")
    .without_transaction("003_anew")
    .without_transaction("004_vacuum")
    .without_transaction("005_detach")
    .without_transaction("006_drop")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_the_library_holds_keeps_its_own_concurrent_migrations_waiting() {
    let (pool, database) = empty().await;
    // Of PostgreSQL 14 and newer.
    let knows_detach = database.values("SELECT current_setting('server_version_num')::int >= 140000") == ["t"];
    let folder = concurrently();
    if !knows_detach {
        folder.write("005_detach", "up.sql", "SELECT 1");
    }
    let first = Folder::of(&[(
        "001_items",
        "CREATE TABLE items (id bigint PRIMARY KEY, name text); \
         CREATE TABLE parts (at int) PARTITION BY LIST (at); CREATE TABLE part PARTITION OF parts FOR VALUES IN (1)",
        "",
    )]);
    let all = folder.migrations();
    let made = soon(pool.prepare_spares(2, all.clone())).await.unwrap();
    assert_eq!((made.ready, made.made), (2, 2));
    soon(pool.create_tenant("of_a_spare", all.clone())).await.unwrap();
    soon(pool.ensure_tenant("of_another", all.clone())).await.unwrap();
    assert!(spares(&pool).await.is_empty());
    soon(pool.create_tenant("created", all.clone())).await.unwrap();
    soon(pool.ensure_tenant("ensured", all.clone())).await.unwrap();
    // Spares and tenants that lack all of them.
    soon(pool.prepare_spares(1, first.migrations())).await.unwrap();
    let updated = soon(pool.prepare_spares(1, all.clone())).await.unwrap();
    assert_eq!((updated.ready, updated.updated, updated.made), (1, 1, 0));
    pool.prepare_spares(0, all.clone()).await.unwrap();
    for tenant in ["one", "two", "three", "four"] {
        pool.create_tenant(tenant, first.migrations()).await.unwrap();
    }
    pool.prepare_spares(1, first.migrations()).await.unwrap();
    soon(pool.migrate_tenant("one", all.clone())).await.unwrap();
    soon(pool.ensure_tenant("two", all.clone())).await.unwrap();
    let report = soon(pool.migrate_tenants(all.clone()).workers(3).run()).await.unwrap();
    assert_eq!(report.failed().count(), 0, "{report}");
    // What comes of a copy has them already.
    soon(pool.clone_tenant("one", "cloned")).await.unwrap();
    assert!(
        soon(pool.ensure_tenant("cloned", all.clone()))
            .await
            .unwrap()
            .is_empty()
    );
    soon(pool.rename_tenant("one", "renamed")).await.unwrap();
    let archive = soon(pool.archive_tenant("two")).await.unwrap();
    soon(pool.restore_tenant(&archive, "two")).await.unwrap();
    soon(pool.drop_tenant("three")).await.unwrap();
}

#[tokio::test]
async fn two_versions_of_an_application_keep_their_own_spares_and_no_more() {
    let (pool, _database) = empty().await;
    let old = Folder::of(&[("001_items", "CREATE TABLE items (id int)", "")]);
    let new = Folder::of(&[
        ("001_items", "CREATE TABLE items (id int)", ""),
        ("002_more", "CREATE TABLE more (id int)", ""),
    ]);
    let (old, new) = (old.migrations(), new.migrations());
    let first = pool.prepare_spares(2, old.clone()).await.unwrap();
    assert_eq!(first.to_string(), "spares ready: 2; new ones: 2");
    let taken_over = pool.prepare_spares(2, new.clone()).await.unwrap();
    assert_eq!(
        taken_over.to_string(),
        "spares ready: 2; new ones: 0; brought up to date: 2"
    );
    let beside = pool.prepare_spares(2, old.clone()).await.unwrap();
    assert_eq!(
        beside.to_string(),
        "spares ready: 2; new ones: 2; kept with other migrations: 2"
    );
    for _ in 0..3 {
        for migrations in [&old, &new] {
            let report = pool.prepare_spares(2, migrations.clone()).await.unwrap();
            assert_eq!((report.ready, report.made, report.dropped, report.others), (2, 0, 0, 2));
        }
    }
    assert_eq!(spares(&pool).await.len(), 4);

    // A migration of the fleet makes those of the old version the new one's: too many.
    let report = pool.migrate_tenants(new.clone()).run().await.unwrap();
    assert_eq!(report.failed().count(), 0, "{report}");
    let surplus = pool.prepare_spares(2, new.clone()).await.unwrap();
    assert_eq!(surplus.to_string(), "spares ready: 2; new ones: 0; dropped: 2");
    // Those of the old version are used up once nobody wants them any more.
    pool.prepare_spares(2, old.clone()).await.unwrap();
    pool.create_tenant("client1", new.clone()).await.unwrap();
    let used = pool.prepare_spares(2, new.clone()).await.unwrap();
    assert_eq!((used.ready, used.made, used.updated, used.others), (2, 0, 1, 1));
    // Of migrations that nobody has any more there are never more than asked for.
    for round in 0..4 {
        let name = format!("00{round}_other");
        let abandoned = Folder::of(&[(&*name, "CREATE TABLE other (id int)", "")]);
        pool.prepare_spares(2, abandoned.migrations()).await.unwrap();
        assert!(spares(&pool).await.len() <= 4);
    }
    pool.prepare_spares(0, new).await.unwrap();
    assert!(spares(&pool).await.is_empty(), "none at all were asked for");
}
