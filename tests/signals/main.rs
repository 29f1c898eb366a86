//! What a recorder of the crate `metrics` and a subscriber of the crate `tracing` are told.

mod recorders;
mod seen;
mod spans;

use diesel::prelude::*;
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use diesel_tenants::{SqliteFolder, TenantPool, migrations::NoMigrations};
use diesel_tenants_test_support::{Database, Server};

diesel::table! { items (id) { id -> Integer, description -> Text } }
diesel::table! { public.users (id) { id -> Integer, name -> Text } }
diesel::allow_tables_to_appear_in_same_query!(items, users);

const TABLES: &str = "CREATE TABLE items (id INTEGER PRIMARY KEY, description TEXT NOT NULL)";

/// Two tenants with a table each.
async fn store() -> (TenantPool, Database) {
    let database = Server::shared().database();
    let pool = TenantPool::builder(database.url()).max_size(2).build().await.unwrap();
    database.run("CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL)");
    for tenant in ["client1", "client2"] {
        pool.create_tenant(tenant, NoMigrations).await.unwrap();
        let mut conn = pool.for_tenant(tenant).get().await.unwrap();
        conn.batch_execute(TABLES).await.unwrap();
    }
    (pool, database)
}

async fn add(pool: &TenantPool, tenant: &str, description: &str) -> QueryResult<usize> {
    let mut conn = pool.for_tenant(tenant).get().await.unwrap();
    let rows: i64 = items::table.count().get_result(&mut conn).await?;
    diesel::insert_into(items::table)
        .values((items::id.eq(rows as i32 + 1), items::description.eq(description)))
        .execute(&mut conn)
        .await
}

async fn files() -> (TenantPool<diesel_tenants::Sqlite>, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    std::fs::create_dir(&path).unwrap();
    let pool = TenantPool::builder(SqliteFolder::new(path)).build().await.unwrap();
    pool.create_tenant("client1", NoMigrations).await.unwrap();
    let mut conn = pool.for_tenant("client1").get().await.unwrap();
    conn.batch_execute(TABLES).await.unwrap();
    drop(conn);
    (pool, folder)
}
