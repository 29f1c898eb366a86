//! Queries that bring their own map, and files that are attached for them.

use std::sync::{Arc, Mutex};

use diesel::{prelude::*, result::Error};
use diesel_async::{AsyncConnection, RunQueryDsl};
use diesel_tenants::{
    SchemaName, SchemaTranslateMap, TenantConnection, TranslateDsl,
    sqlite::{Access, AsyncSqliteConnection, AttachError},
};

use super::prices;
use crate::{
    files::Files,
    tables::{items, users},
};

/// A connection of `client1` that finds the files of all tenants, and writes down for which it was asked.
async fn finding(files: &Files) -> (TenantConnection<AsyncSqliteConnection>, Arc<Mutex<Vec<String>>>) {
    let mut conn = files.open(&["public", "client1"]).await;
    let asked = Arc::new(Mutex::new(Vec::new()));
    let (log, folder) = (Arc::clone(&asked), files.path("x").parent().unwrap().to_owned());
    let resolver = move |name: &SchemaName| {
        log.lock().unwrap().push(name.to_string());
        (name.as_str() != "unknown").then(|| folder.join(format!("{name}.db")))
    };
    conn.set_resolver(Some((Arc::new(resolver), Access::ReadWrite)));
    let map = SchemaTranslateMap::tenant("client1".parse().unwrap());
    (TenantConnection::new(conn, map), asked)
}

fn names(conn: TenantConnection<AsyncSqliteConnection>) -> Vec<String> {
    let attached = conn.into_inner().attached();
    attached.iter().map(|file| file.name.to_string()).collect()
}

#[tokio::test]
async fn the_file_is_attached_when_the_query_runs_and_stays_until_it_is_detached() {
    let files = Files::new();
    let (mut conn, asked) = finding(&files).await;
    let query = || items::table.select(items::price).in_schema("client2");
    drop(query().load::<i32>(&mut conn));
    for _ in 0..2 {
        assert_eq!(query().load::<i32>(&mut conn).await.unwrap(), [2]);
        assert_eq!(prices(&mut conn).await.unwrap(), [1]);
    }
    assert_eq!(*asked.lock().unwrap(), ["client2", "client2"]);
    let changed = diesel::update(items::table.find(1))
        .set(items::price.eq(9))
        .in_schema("CLIENT2");
    assert_eq!(changed.execute(&mut conn).await.unwrap(), 1);
    let mut conn = conn.into_inner();
    assert_eq!(conn.attached().len(), 3);
    conn.detach(&"client2".parse().unwrap()).await.unwrap();
    let conn = TenantConnection::new(conn, SchemaTranslateMap::new());
    assert_eq!(names(conn), ["public", "client1"]);
}

#[tokio::test]
async fn only_a_querys_own_map_attaches() {
    let files = Files::new();
    let (mut conn, asked) = finding(&files).await;
    let raw = diesel::sql_query("SELECT * FROM client2.items")
        .execute(&mut conn)
        .await
        .unwrap_err();
    assert_eq!(raw.to_string(), "no such table: client2.items");
    assert_eq!(prices(&mut conn).await.unwrap(), [1]);
    let own = items::table.select(items::price).in_schema("Client1");
    assert_eq!(own.load::<i32>(&mut conn).await.unwrap(), [1]);
    assert!(asked.lock().unwrap().is_empty());
    let map = SchemaTranslateMap::tenant("client2".parse().unwrap()).with("public", "public".parse().unwrap());
    let both = users::table
        .inner_join(crate::tables::orders::table)
        .select(users::name)
        .with_schema_map(map);
    assert_eq!(both.load::<String>(&mut conn).await.unwrap(), ["Ada"]);
    assert_eq!(names(conn), ["public", "client1", "client2"]);
}

#[tokio::test]
async fn a_schema_without_a_file_is_an_error_and_creates_none() {
    let files = Files::new();
    let (mut conn, _) = finding(&files).await;
    let missing = items::table
        .in_schema("nobody")
        .count()
        .get_result::<i64>(&mut conn)
        .await
        .unwrap_err();
    let Error::QueryBuilderError(missing) = missing else {
        panic!("{missing:?}")
    };
    assert!(
        matches!(missing.downcast_ref(), Some(AttachError::Missing { .. })),
        "{missing:?}"
    );
    assert!(!files.path("nobody").exists());
    let unknown = items::table
        .in_schema("unknown")
        .count()
        .get_result::<i64>(&mut conn)
        .await
        .unwrap_err();
    assert_eq!(unknown.to_string(), "no such table: unknown.items");
    assert_eq!(prices(&mut conn).await.unwrap(), [1]);
    assert_eq!(names(conn), ["public", "client1"]);
}

#[tokio::test]
async fn a_file_is_attached_inside_a_transaction_too() {
    let files = Files::new();
    let (mut conn, _) = finding(&files).await;
    let failed = conn.transaction::<(), Error, _>(async |conn| {
        diesel::update(items::table)
            .set(items::price.eq(5))
            .execute(conn)
            .await?;
        diesel::update(items::table)
            .set(items::price.eq(6))
            .in_schema("client2")
            .execute(conn)
            .await?;
        Err(Error::RollbackTransaction)
    });
    assert_eq!(failed.await, Err(Error::RollbackTransaction));
    let two = items::table.select(items::price).in_schema("client2");
    assert_eq!(two.load::<i32>(&mut conn).await.unwrap(), [2]);
    assert_eq!(prices(&mut conn).await.unwrap(), [1]);
}
