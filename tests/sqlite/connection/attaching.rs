use std::path::Path;

use diesel::prelude::*;
use diesel_async::{AsyncConnection, RunQueryDsl, SimpleAsyncConnection};
use diesel_tenants::{
    SchemaName, SchemaTranslateMap, TenantConnection,
    sqlite::{Access, AsyncSqliteConnection, AttachError},
};

use super::prices;
use crate::{
    files::{BUSY, Files},
    tables::items,
};

fn name(name: &str) -> SchemaName {
    name.parse().unwrap()
}

async fn error(conn: &mut AsyncSqliteConnection, schema: &str, path: &Path) -> AttachError {
    let attached = conn.attach(&name(schema), path, Access::ReadWrite).await;
    assert!(conn.attached().is_empty());
    attached.unwrap_err()
}

#[tokio::test]
async fn a_file_that_is_missing_is_never_created() {
    let files = Files::new();
    let conn = &mut AsyncSqliteConnection::open(BUSY).await.unwrap();
    let path = files.path("nobody");
    for access in [Access::ReadWrite, Access::ReadOnly] {
        let error = conn.attach(&name("nobody"), &path, access).await.unwrap_err();
        assert!(matches!(error, AttachError::Missing { .. }), "{error:?}");
        assert!(error.to_string().contains("nobody.db"), "{error}");
        assert!(!path.exists());
    }
    let folder = error(conn, "folder", path.parent().unwrap()).await;
    assert!(matches!(folder, AttachError::Failed { .. }), "{folder:?}");
    let nul = error(conn, "nul", Path::new("a\0b")).await;
    assert!(matches!(nul, AttachError::Failed { .. }), "{nul:?}");
}

#[tokio::test]
async fn a_file_that_is_no_database_says_so() {
    let files = Files::new();
    let conn = &mut AsyncSqliteConnection::open(BUSY).await.unwrap();
    let path = files.path("text");
    std::fs::write(&path, "not a database, although it is long enough ".repeat(100)).unwrap();
    let error = error(conn, "text", &path).await;
    assert!(matches!(error, AttachError::NotADatabase { .. }), "{error:?}");
    assert!(error.to_string().contains("no SQLite database"), "{error}");
    conn.attach(&name("client1"), &files.path("client1"), Access::ReadWrite)
        .await
        .unwrap();
}

#[tokio::test]
async fn names_are_sqlites() {
    let files = Files::new();
    let conn = &mut AsyncSqliteConnection::open(BUSY).await.unwrap();
    for reserved in ["main", "Temp", "MAIN"] {
        let error = error(conn, reserved, &files.path("client1")).await;
        assert!(matches!(error, AttachError::Reserved { .. }), "{error:?}");
    }
    conn.attach(&name("client1"), &files.path("client1"), Access::ReadWrite)
        .await
        .unwrap();
    conn.attach(&name("Client1"), &files.path("client1"), Access::ReadWrite)
        .await
        .unwrap();
    assert_eq!(conn.attached().len(), 1);
    let in_use = conn
        .attach(&name("CLIENT1"), &files.path("client2"), Access::ReadWrite)
        .await;
    assert!(matches!(in_use, Err(AttachError::InUse { .. })));
    conn.detach(&name("CLIENT1")).await.unwrap();
    conn.detach(&name("CLIENT1")).await.unwrap();
    assert!(conn.attached().is_empty());
}

#[tokio::test]
async fn any_path_and_any_name_can_be_attached() {
    let files = Files::new();
    for odd in ["it's", "a b", "100%25", "ä?mode=memory#x", "quote\"s", "select"] {
        std::fs::copy(files.path("client2"), files.path(odd)).unwrap();
        let conn = &mut files.tenant(odd).await;
        assert_eq!(prices(conn).await.unwrap(), [2], "{odd}");
        conn.transaction::<_, diesel::result::Error, _>(async |conn| {
            diesel::update(items::table).set(items::price.eq(3)).execute(conn).await
        })
        .await
        .unwrap();
        assert_eq!(prices(conn).await.unwrap(), [3], "{odd}");
    }
}

#[tokio::test]
async fn a_file_for_reading_refuses_writes() {
    let files = Files::new();
    let mut conn = AsyncSqliteConnection::open(BUSY).await.unwrap();
    conn.attach(&name("client1"), &files.path("client1"), Access::ReadOnly)
        .await
        .unwrap();
    let conn = &mut TenantConnection::new(conn, SchemaTranslateMap::tenant(name("client1")));
    assert_eq!(prices(conn).await.unwrap(), [1]);
    let written = diesel::delete(items::table).execute(conn).await.unwrap_err();
    assert_eq!(written.to_string(), "attempt to write a readonly database");
}

#[tokio::test]
async fn sqlite_limits_how_many_files_are_attached() {
    let files = Files::new();
    let mut conn = AsyncSqliteConnection::open(BUSY).await.unwrap();
    let path = files.path("client1");
    let mut number = 0;
    let error = loop {
        match conn
            .attach(&name(&format!("copy{number}")), &path, Access::ReadOnly)
            .await
        {
            Ok(()) => number += 1,
            Err(error) => break error,
        }
    };
    assert!(
        matches!(error, AttachError::TooMany { limit, .. } if limit == number),
        "{error:?}"
    );
    assert_eq!(conn.attached().len(), number);
    assert!(number >= 10);
}

#[tokio::test]
async fn another_file_under_the_same_name_gives_its_own_rows() {
    let files = Files::new();
    let map = || SchemaTranslateMap::tenant(name("tenant"));
    let mut conn = AsyncSqliteConnection::open(BUSY).await.unwrap();
    for round in 0..3 {
        for (file, expected) in [("client1", 1), ("client2", 2)] {
            conn.attach(&name("tenant"), &files.path(file), Access::ReadWrite)
                .await
                .unwrap();
            let mut tenant = TenantConnection::new(conn, map());
            for _ in 0..2 {
                assert_eq!(prices(&mut tenant).await.unwrap(), [expected], "round {round}");
            }
            conn = tenant.into_inner();
            conn.detach(&name("tenant")).await.unwrap();
        }
    }
    let gone = prices(&mut TenantConnection::new(conn, map())).await.unwrap_err();
    assert_eq!(gone.to_string(), "no such table: tenant.items");
}

#[tokio::test]
async fn a_file_can_be_detached_outside_of_transactions_only() {
    let files = Files::new();
    let mut conn = files.open(&["client1"]).await;
    let locked = conn.transaction::<_, diesel::result::Error, _>(async |conn| {
        conn.batch_execute("DELETE FROM client1.orders").await?;
        conn.detach(&name("client1")).await
    });
    assert!(locked.await.unwrap_err().to_string().contains("locked"));
    assert_eq!(conn.attached().len(), 1);
    conn.detach(&name("client1")).await.unwrap();
    conn.batch_execute("SELECT * FROM client1.orders").await.unwrap_err();
}

#[tokio::test]
async fn a_closed_connection_has_let_go_of_its_files() {
    let files = Files::new();
    let conn = files.open(&["client1"]).await;
    conn.close().await;
    assert!(!files.path("client1").with_extension("db-wal").exists());
}

#[tokio::test]
async fn a_name_that_the_translator_would_miss_finds_nothing() {
    let files = Files::new();
    let mut conn = files.open(&["public", "client1"]).await;
    assert_eq!(
        conn.batch_execute("SELECT * FROM main.items")
            .await
            .unwrap_err()
            .to_string(),
        "no such table: main.items"
    );
}

#[tokio::test]
async fn every_file_gets_a_write_ahead_log_so_that_no_commit_waits_for_the_disk() {
    use diesel::connection::SimpleConnection as _;

    #[derive(QueryableByName)]
    struct Setting {
        #[diesel(sql_type = diesel::sql_types::Integer)]
        synchronous: i32,
    }

    let files = Files::new();
    files
        .plain("client2")
        .batch_execute("PRAGMA journal_mode = DELETE")
        .unwrap();
    let mut conn = files.open(&["client1", "client2"]).await;
    for tenant in ["client1", "client2"] {
        let sql = format!("PRAGMA {tenant}.synchronous");
        let setting: Setting = diesel::sql_query(sql).get_result(&mut conn).await.unwrap();
        assert_eq!(setting.synchronous, 1, "{tenant}");
    }
}

#[tokio::test]
async fn a_file_that_was_replaced_is_noticed_and_attached_anew() {
    let files = Files::new();
    let mut conn = files.open(&["client1"]).await;
    assert!(conn.attached()[0].is_current());
    std::fs::remove_file(files.path("client1")).unwrap();
    assert!(!conn.attached()[0].is_current());
    std::fs::copy(files.path("client2"), files.path("client1")).unwrap();
    assert!(!conn.attached()[0].is_current());
    conn.attach(&name("client1"), &files.path("client1"), Access::ReadWrite)
        .await
        .unwrap();
    assert!(conn.attached()[0].is_current());
    let map = SchemaTranslateMap::tenant(name("client1"));
    assert_eq!(prices(&mut TenantConnection::new(conn, map)).await.unwrap(), [2]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_are_opened_and_closed_while_others_write() {
    let files = std::sync::Arc::new(Files::new());
    let mut tasks = Vec::new();
    for number in 0..4 {
        let files = std::sync::Arc::clone(&files);
        tasks.push(tokio::spawn(async move {
            for round in 0..25 {
                // The last one to close a file copies its log back and removes it.
                let conn = &mut files.tenant("client1").await;
                let written = diesel::update(items::table)
                    .set(items::price.eq(items::price + 1))
                    .execute(conn);
                assert_eq!(written.await.unwrap(), 1, "{number} {round}");
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(prices(&mut files.tenant("client1").await).await.unwrap(), [101]);
}
