use std::time::Duration;

use diesel_tenants::{CheckoutError, LifecycleError, TenantPool, TenantStatus};
use diesel_tenants_test_support::{Database, Server};

use crate::{migrations::Folder, migrations::items_only, store::chain};

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
    assert_eq!(pool.prepare_spares(2, items_only()).await.unwrap(), 2);
    assert_eq!(pool.prepare_spares(2, items_only()).await.unwrap(), 0);
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
    assert_eq!(pool.prepare_spares(2, items_only()).await.unwrap(), 1, "one is missing");
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
        assert!(matches!(error, LifecycleError::ReservedName { .. }), "{error:?}");
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
        pool.prepare_spares(1, newer.clone()).await.unwrap(),
        0,
        "brought up to date"
    );
    pool.create_tenant("client2", newer).await.unwrap();
    assert_eq!(tables(&database).len(), 2);

    pool.prepare_spares(1, folder.migrations()).await.unwrap();
    assert_eq!(
        pool.prepare_spares(1, items_only()).await.unwrap(),
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
        one.unwrap() + two.unwrap(),
        4,
        "both together made no more than one would"
    );
    let names: Vec<String> = (0..8).map(|number| format!("client{number}")).collect();
    let sign_ups = names.iter().map(|name| pool.create_tenant(name, items_only()));
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
    let sign_ups = (0..3).map(|_| pool.create_tenant("client1", items_only()));
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
    assert_eq!(pool.prepare_spares(1, folder.migrations()).await.unwrap(), 1);
    assert_eq!(pool.all_tenants().await.unwrap().len(), 1, "what was left is gone");
    pool.create_tenant("client1", folder.migrations()).await.unwrap();
    assert!(
        spares(&pool).await.is_empty(),
        "also one with steps of its own is taken"
    );
}
