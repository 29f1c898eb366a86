//! Queries under a map, on connections of diesel-async and of Diesel itself.

use diesel::{
    prelude::*,
    result::Error::{self, QueryBuilderError},
    upsert::excluded,
};
use diesel_async::{AsyncConnection, RunQueryDsl, SimpleAsyncConnection};
use diesel_tenants::{SchemaTranslateMap, TenantConnection, TranslateDsl, TranslateError};

use super::{
    files::Files,
    tables::{Item, items, orders, users},
};

type Line = (String, String, i32, i32);

/// Why the translation failed, for a query that was not sent.
fn untranslated(error: &Error) -> &TranslateError {
    match error {
        QueryBuilderError(inner) => inner.downcast_ref().unwrap(),
        other => panic!("{other:?}"),
    }
}

fn line(tenant: &str, price: i32) -> Line {
    ("Ada".into(), format!("item of {tenant}"), price, price * 10)
}

macro_rules! bill {
    () => {
        users::table.inner_join(orders::table.inner_join(items::table)).select((
            users::name,
            items::description,
            items::price,
            orders::quantity,
        ))
    };
}

#[tokio::test]
async fn a_join_of_shared_and_own_tables_reaches_the_tenants_file() {
    let conn = &mut Files::new().client1().await;
    let lines: Vec<Line> = bill!().load(conn).await.unwrap();
    assert_eq!(lines, [line("client1", 1)]);
    let lines: Vec<Line> = bill!()
        .into_boxed()
        .filter(orders::quantity.gt(1))
        .load(conn)
        .await
        .unwrap();
    assert_eq!(lines, [line("client1", 1)]);
}

#[tokio::test]
async fn a_query_with_its_own_schema_reaches_that_schemas_file() {
    let files = Files::new();
    let conn = &mut files.client1().await;
    let lines: Vec<Line> = bill!().in_schema("client2").load(conn).await.unwrap();
    assert_eq!(lines, [line("client2", 2)]);
    let updated = diesel::update(items::table.find(1))
        .set(items::price.eq(items::price + 5))
        .in_schema("client2");
    assert_eq!(updated.execute(conn).await.unwrap(), 1);
    let prices = |schema| items::table.in_schema(schema).select(items::price);
    assert_eq!(prices("client1").load::<i32>(conn).await.unwrap(), [1]);
    assert_eq!(prices("client2").load::<i32>(conn).await.unwrap(), [7]);
}

#[tokio::test]
async fn inserts_upserts_updates_and_deletes_return_rows_of_the_tenants_file() {
    let files = Files::new();
    let conn = &mut files.client1().await;
    let inserted: Item = diesel::insert_into(items::table)
        .values((items::description.eq("new"), items::price.eq(3)))
        .returning(Item::as_returning())
        .get_result(conn)
        .await
        .unwrap();
    assert_eq!(inserted, Item::new(2, "new", 3));
    let upserted: Item = diesel::insert_into(items::table)
        .values(Item::new(2, "newer", 4))
        .on_conflict(items::id)
        .do_update()
        .set(items::price.eq(excluded(items::price)))
        .get_result(conn)
        .await
        .unwrap();
    assert_eq!(upserted, Item::new(2, "new", 4));
    let ignored = diesel::insert_or_ignore_into(items::table)
        .values(Item::new(2, "ignored", 9))
        .execute(conn);
    assert_eq!(ignored.await.unwrap(), 0);
    let replaced = diesel::replace_into(items::table)
        .values(Item::new(2, "replaced", 5))
        .execute(conn);
    assert_eq!(replaced.await.unwrap(), 1);
    let updated = diesel::update(items::table)
        .filter(items::id.eq(2))
        .set(items::price.eq(6));
    assert_eq!(
        updated.returning(items::price).get_result::<i32>(conn).await.unwrap(),
        6
    );
    let deleted = diesel::delete(items::table.find(2)).returning(items::description);
    assert_eq!(deleted.get_result::<String>(conn).await.unwrap(), "replaced");
    let other: i64 = items::table
        .in_schema("client2")
        .count()
        .get_result(conn)
        .await
        .unwrap();
    assert_eq!(other, 1);
}

#[tokio::test]
async fn aliases_subqueries_and_unions_reach_the_tenants_file() {
    let conn = &mut Files::new().client1().await;
    let (one, two) = diesel::alias!(orders as one, orders as two);
    let joined = one.inner_join(two.on(one.field(orders::id).eq(two.field(orders::id))));
    assert_eq!(
        joined
            .select(two.field(orders::quantity))
            .load::<i32>(conn)
            .await
            .unwrap(),
        [10]
    );
    let ordered = items::table
        .filter(items::id.eq_any(orders::table.select(orders::item_id)))
        .select(items::price);
    assert_eq!(ordered.load::<i32>(conn).await.unwrap(), [1]);
    let numbers = items::table
        .select(items::price)
        .union(orders::table.select(orders::quantity));
    assert_eq!(numbers.load::<i32>(conn).await.unwrap(), [1, 10]);
    assert!(
        diesel::select(diesel::dsl::exists(items::table.find(1)))
            .get_result::<bool>(conn)
            .await
            .unwrap()
    );
}

#[tokio::test]
async fn raw_sql_is_read_as_sqlite_reads_it() {
    #[derive(QueryableByName)]
    struct Price {
        #[diesel(sql_type = diesel::sql_types::Integer)]
        price: i32,
    }

    let conn = &mut Files::new().client1().await;
    let raw = "SELECT i.price FROM [items] i, `orders` WHERE \"orders\".item_id == i.id AND i.id = ?";
    let price = diesel::sql_query(raw)
        .bind::<diesel::sql_types::Integer, _>(1)
        .get_result::<Price>(conn)
        .await;
    assert_eq!(price.unwrap().price, 1);
    conn.batch_execute(
        "CREATE INDEX by_price ON items (price); CREATE TABLE notes (text); INSERT INTO notes VALUES (1)",
    )
    .await
    .unwrap();
    let other = diesel::sql_query("SELECT * FROM notes")
        .in_schema("client2")
        .execute(conn)
        .await;
    assert!(other.unwrap_err().to_string().contains("no such table: client2.notes"));
    let not_read = diesel::sql_query("SELECT price::int FROM items")
        .execute(conn)
        .await
        .unwrap_err();
    assert!(matches!(untranslated(&not_read), TranslateError::NotUnderstood { .. }));
    let attach = diesel::sql_query("ATTACH 'other.db' AS other")
        .execute(conn)
        .await
        .unwrap_err();
    assert!(matches!(untranslated(&attach), TranslateError::NotUnderstood { .. }));
}

#[tokio::test]
async fn transactions_and_savepoints_end_as_diesels_do() {
    let conn = &mut Files::new().client1().await;
    conn.transaction::<_, Error, _>(async |conn| {
        diesel::update(items::table)
            .set(items::price.eq(100))
            .execute(conn)
            .await?;
        let inner = conn.transaction::<(), Error, _>(async |conn| {
            diesel::delete(orders::table).execute(conn).await?;
            Err(Error::RollbackTransaction)
        });
        assert_eq!(inner.await, Err(Error::RollbackTransaction));
        Ok(())
    })
    .await
    .unwrap();
    let lines: Vec<Line> = bill!().load(conn).await.unwrap();
    assert_eq!(lines, [("Ada".into(), "item of client1".into(), 100, 10)]);
}

#[tokio::test]
async fn a_tenants_table_without_a_tenant_is_an_error_and_nothing_is_sent() {
    let files = Files::new();
    let conn = files.attached(&["public", "client1"]).await;
    let conn = &mut TenantConnection::new(conn, SchemaTranslateMap::new());
    assert_eq!(users::table.count().get_result::<i64>(conn).await.unwrap(), 1);
    let error = bill!().load::<Line>(conn).await.unwrap_err();
    match untranslated(&error) {
        TranslateError::TenantRequired { table, .. } => assert_eq!(table, "orders"),
        other => panic!("{other:?}"),
    }
    for sql in [
        "DELETE FROM items",
        "INSERT INTO [items] VALUES (7, '', 7)",
        "DROP TABLE orders",
    ] {
        let error = conn.batch_execute(sql).await.unwrap_err();
        assert!(
            matches!(untranslated(&error), TranslateError::TenantRequired { .. }),
            "{sql}"
        );
    }
    assert_eq!(
        items::table
            .in_schema("client1")
            .count()
            .get_result::<i64>(conn)
            .await
            .unwrap(),
        1
    );
}
