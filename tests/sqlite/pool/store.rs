//! The store in a folder: two tenants with the same rows at different prices.

use diesel::{
    migration::{Migration, MigrationSource},
    prelude::*,
    sqlite,
};
use diesel_async::RunQueryDsl;
use diesel_migrations::FileBasedMigrations;
use diesel_tenants::{Sqlite, SqliteFolder, SqlitePoolBuilder, TenantPool};
use diesel_tenants_test_support::TestFolder;
use tempfile::TempDir;

use crate::tables::{SHARED, TENANT, items, users};

pub struct Store {
    pub pool: TenantPool<Sqlite>,
    pub folder: TempDir,
}

/// Migrations in a folder, each given as its version and its SQL.
pub fn migrations(scripts: &[(&str, &str)]) -> FileBasedMigrations {
    let folder = TestFolder::new().unwrap().keep();
    for (version, sql) in scripts {
        let migration = folder.join(version);
        std::fs::create_dir(&migration).unwrap();
        std::fs::write(migration.join("up.sql"), sql).unwrap();
        std::fs::write(migration.join("down.sql"), "DROP TABLE orders; DROP TABLE items;").unwrap();
    }
    FileBasedMigrations::from_path(folder).unwrap()
}

pub fn tenant_migrations() -> FileBasedMigrations {
    migrations(&[("1_tables", TENANT)])
}

impl Store {
    pub async fn new() -> Self {
        Self::with(|builder| builder).await
    }

    pub async fn with(options: impl FnOnce(SqlitePoolBuilder) -> SqlitePoolBuilder) -> Self {
        let folder = TempDir::new().unwrap();
        let builder = TenantPool::builder(SqliteFolder::new(folder.path()));
        let pool = options(builder).build().await.unwrap();
        pool.migrate_shared(migrations(&[("1_users", SHARED)])).await.unwrap();
        let mut conn = pool.shared().get().await.unwrap();
        let ada = (users::id.eq(1), users::name.eq("Ada"));
        diesel::insert_into(users::table)
            .values(ada)
            .execute(&mut conn)
            .await
            .unwrap();
        drop(conn);
        for (tenant, price) in [("client1", 5000), ("client2", 1000)] {
            pool.create_tenant(tenant, tenant_migrations()).await.unwrap();
            let mut conn = pool.for_tenant(tenant).get().await.unwrap();
            let item = (
                items::id.eq(1),
                items::description.eq(format!("Tesla of {tenant}")),
                items::price.eq(price),
            );
            diesel::insert_into(items::table)
                .values(item)
                .execute(&mut conn)
                .await
                .unwrap();
        }
        Self { pool, folder }
    }

    /// A second pool for the same folder, as another process has it.
    pub async fn other(&self) -> TenantPool<Sqlite> {
        let folder = SqliteFolder::new(self.folder.path());
        TenantPool::builder(folder).build().await.unwrap()
    }
}

/// The prices that a tenant sees.
pub async fn prices(pool: &TenantPool<Sqlite>, tenant: &str) -> Vec<i32> {
    let mut conn = pool.for_tenant(tenant).get().await.unwrap();
    items::table.select(items::price).load(&mut conn).await.unwrap()
}

/// Migrations that can't be read.
pub struct Unreadable;

impl MigrationSource<sqlite::Sqlite> for Unreadable {
    fn migrations(&self) -> diesel::migration::Result<Vec<Box<dyn Migration<sqlite::Sqlite>>>> {
        Err("the disk is gone".into())
    }
}
