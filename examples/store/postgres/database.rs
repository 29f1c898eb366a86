//! The store's database.

use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use diesel_tenants::TenantPool;

use super::seed;

pub type Pool = TenantPool;

const SHARED_MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations");
pub const TENANT_MIGRATIONS: EmbeddedMigrations = embed_migrations!("tenant_migrations");

/// A pool for the store, with its two tenants and their data.
pub async fn open(url: String) -> anyhow::Result<Pool> {
    let pool = TenantPool::builder(url).max_size(8).build().await?;
    pool.migrate_shared(SHARED_MIGRATIONS).await?;
    for tenant in &seed::TENANTS {
        seed::seed(&pool, tenant).await?;
    }
    Ok(pool)
}
