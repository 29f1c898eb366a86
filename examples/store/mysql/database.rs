//! The store's databases on a server of MySQL or MariaDB.

use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use diesel_tenants::{Mysql, MysqlUrl, TenantPool};

use super::seed;

pub type Pool = TenantPool<Mysql>;

const SHARED_MIGRATIONS: EmbeddedMigrations = embed_migrations!("examples/store/mysql/migrations");
pub const TENANT_MIGRATIONS: EmbeddedMigrations = embed_migrations!("examples/store/mysql/tenant_migrations");

/// A pool for the store, with its two tenants and their data.
pub async fn open(url: MysqlUrl) -> anyhow::Result<Pool> {
    let pool = TenantPool::builder(url).max_size(8).build().await?;
    pool.migrate_shared(SHARED_MIGRATIONS).await?;
    for tenant in &seed::TENANTS {
        seed::seed(&pool, tenant).await?;
    }
    Ok(pool)
}
