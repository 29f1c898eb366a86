//! The store's folder of files.

use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use diesel_tenants::{Sqlite, SqliteFolder, TenantPool};

use super::seed;

pub type Pool = TenantPool<Sqlite>;

const SHARED_MIGRATIONS: EmbeddedMigrations = embed_migrations!("examples/store/sqlite/migrations");
pub const TENANT_MIGRATIONS: EmbeddedMigrations = embed_migrations!("examples/store/sqlite/tenant_migrations");

/// A pool for the store, with its two tenants and their data.
pub async fn open(folder: SqliteFolder) -> anyhow::Result<Pool> {
    let pool = TenantPool::builder(folder).create_folder().max_size(8).build().await?;
    pool.migrate_shared(SHARED_MIGRATIONS).await?;
    for tenant in &seed::TENANTS {
        seed::seed(&pool, tenant).await?;
    }
    Ok(pool)
}
