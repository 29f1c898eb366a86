//! The headings of the guide "troubleshooting" are what the library says.

use std::{error::Error, time::Duration};

use diesel::prelude::*;
use diesel_async::{AsyncConnection, RunQueryDsl, SimpleAsyncConnection};
use diesel_tenants::{CheckoutError, TenantPool, directory::DirectoryTables, migrations::NoMigrations};
use diesel_tenants_test_support::Server;

use crate::migrations::Folder;

diesel::table! { orders (id) { id -> Integer } }

/// The messages in the guide's headings, without the marks of code around them.
fn headings() -> Vec<String> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/guide/troubleshooting.md");
    let guide = std::fs::read_to_string(path).unwrap();
    let headings = guide.lines().filter_map(|line| line.strip_prefix("### "));
    headings
        .map(|heading| match heading.strip_prefix("`` ") {
            Some(inner) => inner.strip_suffix(" ``").unwrap().to_owned(),
            None => heading.strip_prefix('`').unwrap().strip_suffix('`').unwrap().to_owned(),
        })
        .collect()
}

/// Whether a text is the pattern, with anything in the place of each `…`.
fn fits(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('…');
    let Some(mut rest) = text.strip_prefix(parts.next().unwrap_or_default()) else {
        return false;
    };
    for part in parts {
        match (part.is_empty(), rest.find(part)) {
            (true, _) => {}
            (false, Some(at)) => rest = &rest[at + part.len()..],
            (false, None) => return false,
        }
    }
    rest.is_empty() || pattern.ends_with('…')
}

/// Everything that an error says, each part apart.
fn said(error: &dyn Error) -> Vec<String> {
    let mut said = vec![error.to_string()];
    let mut source = error.source();
    while let Some(error) = source {
        said.push(error.to_string());
        source = error.source();
    }
    said
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_message_of_the_guide_is_said() {
    let database = Server::shared().database();
    let quick = || {
        TenantPool::builder(database.url())
            .max_size(1)
            .wait_timeout(Duration::from_millis(100))
    };
    let pool = quick().build().await.unwrap();
    let limited = quick().max_size(2).max_per_tenant(1).build().await.unwrap();
    let orders = Folder::of(&[("001_orders", "CREATE TABLE orders (id serial PRIMARY KEY)", "")]);
    pool.create_tenant("client1", orders.migrations()).await.unwrap();
    let mut all: Vec<String> = Vec::new();
    macro_rules! fails {
        ($result:expr) => {
            all.extend(said(&$result.unwrap_err()))
        };
    }

    fails!(pool.for_tenant("nobody").get().await);
    fails!(pool.for_tenant("").get().await);
    fails!(pool.current().get().await);
    let held = pool.for_tenant("client1").get().await.unwrap();
    fails!(pool.for_tenant("client1").get().await);
    drop(held);
    let held = limited.for_tenant("client1").get().await.unwrap();
    fails!(limited.for_tenant("client1").get().await);
    drop(held);
    limited.close();
    fails!(limited.for_tenant("client1").get().await);
    pool.suspend_tenant("client1").await.unwrap();
    fails!(pool.for_tenant("client1").get().await);
    pool.resume_tenant("client1").await.unwrap();

    let mut shared = pool.shared().get().await.unwrap();
    fails!(orders::table.count().get_result::<i64>(&mut shared).await);
    drop(shared);
    let mut conn = pool.for_tenant("client1").get().await.unwrap();
    fails!(conn.batch_execute("SELECT lastval()").await);
    fails!(conn.batch_execute("SELECT nextval('orders_id_seq')").await);
    let aborted = conn.transaction(async |conn| {
        let _ = conn.batch_execute("SELECT 1 / 0").await;
        conn.batch_execute("SELECT 1").await
    });
    fails!(aborted.await);
    drop(conn);

    let mut conn = pool.for_tenant("client1").get().await.unwrap();
    fails!(
        conn.batch_execute("BEGIN; SET LOCAL ROLE pg_monitor; SELECT id FROM orders")
            .await
    );
    drop(conn);
    let mut conn = pool.for_tenant("client1").get().await.unwrap();
    for _ in 0..3 {
        let _: Vec<i32> = orders::table.select(orders::id).load(&mut conn).await.unwrap();
    }
    database.run("ALTER TABLE client1.orders ALTER id TYPE bigint");
    let outdated = conn.transaction(async |conn| orders::table.select(orders::id).load::<i32>(conn).await);
    fails!(outdated.await);
    drop(conn);

    database.run("CREATE VIEW public.report AS SELECT id FROM client1.orders");
    fails!(pool.drop_tenant("client1").await);
    database.run("DROP VIEW public.report");
    let body = "DELETE FROM client1.orders";
    database.run(&format!(
        "CREATE FUNCTION client1.tidy() RETURNS void LANGUAGE sql AS '{body}'"
    ));
    fails!(pool.rename_tenant("client1", "client2").await);
    database.run("DROP FUNCTION client1.tidy()");
    // Said only to web requests: the tests of the web layer bring it about.
    let tenant = "client1".parse().unwrap();
    all.push(CheckoutError::ChangedTenant { tenant }.to_string());

    fails!(pool.create_tenant("client1", orders.migrations()).await);
    database.run("CREATE SCHEMA bare");
    fails!(pool.suspend_tenant("bare").await);
    let mut conn = pool.for_tenant("client1").get().await.unwrap();
    conn.batch_execute("BEGIN; LOCK TABLE orders").await.unwrap();
    let renamed = pool
        .rename_tenant("client1", "client2")
        .wait(Duration::from_millis(100));
    fails!(renamed.await);
    drop(conn);
    let apart = Folder::of(&[("001_orders", "SELECT 1", "")]).without_transaction("001_orders");
    let created = pool.create_tenant("client3", apart.migrations());
    fails!(created.with(async |_| Ok::<(), std::io::Error>(())).await);
    let created = pool.create_tenant("client3", NoMigrations);
    let swallows = created.with(async |conn| {
        let _ = conn.batch_execute("SELECT 1 / 0").await;
        Ok::<(), std::io::Error>(())
    });
    fails!(swallows.await);
    let created = pool.create_tenant("client3", NoMigrations);
    fails!(created.with(async |conn| conn.batch_execute("ROLLBACK").await).await);

    let broken = Folder::of(&[("001_orders", "SELECT 1", ""), ("002_broken", "CREATE NONSENSE", "")]);
    fails!(pool.migrate_tenant("client1", broken.migrations()).await);
    fails!(pool.migrate_tenant("nobody", broken.migrations()).await);
    let with_directory = quick().directory(DirectoryTables::new()).build().await.unwrap();
    with_directory.prepare_directory().await.unwrap();
    fails!(pool.create_tenant("client4", NoMigrations).await);

    let unprepared = Server::shared().database();
    let without_tables = TenantPool::builder(unprepared.url()).directory(DirectoryTables::new());
    fails!(without_tables.build().await.unwrap().for_tenant("client1").get().await);
    fails!(with_directory.add_domain("nobody", "shop.example").await);
    with_directory.create_tenant("left", NoMigrations).await.unwrap();
    with_directory.add_domain("left", "left.example").await.unwrap();
    with_directory.rename_tenant("left", "moved").await.unwrap();
    fails!(with_directory.create_tenant("left", NoMigrations).await);

    fails!(TenantPool::builder("postgres://store@127.0.0.1:1/store").build().await);
    fails!(quick().search_path_from_role().build().await);
    fails!(TenantPool::builder("postgres://store:p@ss:word@/x?y").build().await);
    fails!(quick().search_path_from_role().listen().build().await);

    let headings = headings();
    assert!(headings.len() > 15);
    let unsaid: Vec<_> = headings
        .iter()
        .filter(|heading| !all.iter().any(|said| fits(heading, said)))
        .collect();
    assert!(unsaid.is_empty(), "nobody says {unsaid:#?}; said is {all:#?}");
}
