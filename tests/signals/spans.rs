//! Spans: whose work it is, what it does, and never a value.

use diesel::prelude::*;
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use diesel_tenants::{TranslateDsl, context::current_tenant, migrations::NoMigrations};

use crate::{add, files, items, seen::AllSeen, store, users};

#[tokio::test]
async fn a_query_has_a_span_with_its_tenant_and_without_its_values() {
    let (pool, database) = store().await;
    let (seen, _guard) = AllSeen::here();
    add(&pool, "client1", "a secret").await.unwrap();
    let checkouts = seen.take("checkout");
    assert_eq!(checkouts.len(), 1);
    assert_eq!(checkouts[0].field("tenant"), "client1");
    assert_eq!(checkouts[0].field("db.system.name"), "postgresql");
    assert_eq!(checkouts[0].field("db.namespace"), database.name());
    let queries = seen.take("query");
    let summaries: Vec<_> = queries.iter().map(|query| query.field("db.query.summary")).collect();
    assert_eq!(summaries, ["SELECT items", "INSERT items"]);
    for query in &queries {
        assert_eq!(query.field("tenant"), "client1");
        assert_eq!(query.field("db.system.name"), "postgresql");
        assert_eq!(query.field("db.namespace"), format!("{}.client1", database.name()));
        assert_eq!(query.field("otel.kind"), "client");
        assert_eq!(query.field("otel.name"), query.field("db.query.summary"));
        assert!(query.is_closed);
    }
    assert_eq!(queries[1].field("db.operation.name"), "INSERT");

    // Raw SQL holds values.
    let mut conn = pool.for_tenant("client1").get().await.unwrap();
    let raw = "SELECT id FROM items WHERE description = 'a secret'";
    diesel::sql_query(raw).execute(&mut conn).await.unwrap();
    conn.batch_execute("DELETE FROM items WHERE description = 'a secret'")
        .await
        .unwrap();
    let both = users::table
        .inner_join(items::table.on(items::id.eq(users::id)))
        .select(users::name);
    both.load::<String>(&mut conn).await.unwrap();
    items::table
        .in_schema("client2")
        .count()
        .get_result::<i64>(&mut conn)
        .await
        .unwrap();
    let summaries: Vec<_> = seen
        .take("query")
        .into_iter()
        .map(|query| query.field("db.query.summary").to_owned())
        .collect();
    assert_eq!(
        summaries,
        ["SELECT items", "DELETE items", "SELECT users items", "SELECT items"]
    );
    assert!(seen.all().iter().all(|span| !format!("{span:?}").contains("secret")));
}

#[tokio::test]
async fn a_failure_is_named_by_its_kind_and_a_refusal_has_no_span() {
    let (pool, _database) = store().await;
    add(&pool, "client1", "a").await.unwrap();
    let mut conn = pool.for_tenant("client1").get().await.unwrap();
    let (seen, _guard) = AllSeen::here();
    let twice = diesel::insert_into(items::table).values((items::id.eq(1), items::description.eq("a secret")));
    assert!(twice.execute(&mut conn).await.is_err());
    assert!(conn.batch_execute("SELECT 1 / 0").await.is_err());
    let kinds: Vec<_> = seen
        .take("query")
        .into_iter()
        .map(|query| query.field("error.type").to_owned())
        .collect();
    assert_eq!(kinds, ["unique_violation", "database_error"]);
    drop(conn);
    let mut shared = pool.shared().get().await.unwrap();
    assert!(items::table.count().get_result::<i64>(&mut shared).await.is_err());
    assert!(seen.take("query").is_empty(), "nothing was sent");
    let given_up = diesel::sql_query("SELECT pg_sleep(60)").execute(&mut shared);
    assert!(
        tokio::time::timeout(std::time::Duration::from_millis(50), given_up)
            .await
            .is_err()
    );
    assert_eq!(seen.take("query")[0].field("error.type"), "abandoned");
    assert!(!format!("{:?}", seen.all()).contains("secret"));
}

#[tokio::test]
async fn a_connections_next_tenant_is_named_and_not_the_one_before() {
    let (pool, _database) = store().await;
    let (seen, _guard) = AllSeen::here();
    for tenant in ["client1", "client2"] {
        add(&pool, tenant, "a").await.unwrap();
    }
    let mut shared = pool.shared().get().await.unwrap();
    users::table.count().get_result::<i64>(&mut shared).await.unwrap();
    let tenants: Vec<_> = seen
        .take("query")
        .into_iter()
        .map(|query| query.field("tenant").to_owned())
        .collect();
    assert_eq!(tenants, ["client1", "client1", "client2", "client2", ""]);
}

#[tokio::test]
async fn operations_migrations_and_work_for_all_tenants_have_spans_with_what_they_do_inside() {
    let (pool, _database) = store().await;
    let (seen, _guard) = AllSeen::here();
    pool.create_tenant("client3", NoMigrations).await.unwrap();
    pool.rename_tenant("client3", "client4").await.unwrap();
    pool.migrate_tenant("client4", NoMigrations).await.unwrap();
    let operations: Vec<_> = seen
        .take("lifecycle")
        .into_iter()
        .map(|span| (span.field("operation").to_owned(), span.field("tenant").to_owned()))
        .collect();
    let expected = [("create", "client3"), ("rename", "client4")];
    assert_eq!(
        operations,
        expected.map(|(operation, tenant)| (operation.to_owned(), tenant.to_owned()))
    );
    let migrations = seen.take("migration");
    assert_eq!(migrations.len(), 1);
    assert_eq!(migrations[0].field("tenant"), "client4");

    let report = pool
        .each_tenant()
        .only(["client1", "client2"])
        .concurrency(1)
        .run(|mut conn| async move {
            let count: i64 = items::table.count().get_result(&mut conn).await?;
            Ok::<_, diesel::result::Error>((count, current_tenant()))
        });
    let current = report.await.unwrap().all().unwrap();
    assert!(
        current
            .iter()
            .all(|(tenant, (_, current))| Some(tenant) == current.as_ref())
    );
    let tenants = seen.take("tenant");
    assert_eq!(
        tenants.iter().map(|span| span.field("tenant")).collect::<Vec<_>>(),
        ["client1", "client2"]
    );
    let queries = seen.take("query");
    assert_eq!(queries.len(), 2);
    assert!(
        queries.iter().all(|query| query.within.contains(&"tenant".to_owned())),
        "{queries:?}"
    );
}

#[tokio::test]
async fn files_of_sqlite_have_the_same_spans() {
    let (pool, _folder) = files().await;
    let (seen, _guard) = AllSeen::here();
    let mut conn = pool.for_tenant("client1").get().await.unwrap();
    items::table.count().get_result::<i64>(&mut conn).await.unwrap();
    pool.suspend_tenant("client1").await.unwrap();
    let query = &seen.take("query")[0];
    assert_eq!(query.field("db.system.name"), "sqlite");
    assert_eq!(query.field("db.query.summary"), "SELECT items");
    assert_eq!(query.field("db.namespace"), "store.client1");
    assert_eq!(query.field("tenant"), "client1");
    assert_eq!(seen.take("lifecycle")[0].field("operation"), "suspend");
}
