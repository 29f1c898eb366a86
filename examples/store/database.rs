//! The store's database.

use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use diesel_tenants::TenantPool;
use diesel_tenants_test_support::Server;

use crate::seed;

const SHARED_MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations");
pub const TENANT_MIGRATIONS: EmbeddedMigrations = embed_migrations!("tenant_migrations");

/// The database of `DATABASE_URL`, or else of a throw-away server, which is there as long as the [`Server`] is.
pub fn url() -> (String, Option<Server>) {
    match std::env::var("DATABASE_URL") {
        Ok(url) if !url.is_empty() => (url, None),
        _ => {
            let server = Server::start();
            (server.url_for("postgres"), Some(server))
        }
    }
}

/// A pool for the store, with its two tenants and their data.
pub async fn open(url: String) -> anyhow::Result<TenantPool> {
    let pool = TenantPool::builder(url).max_size(8).build().await?;
    pool.migrate_shared(SHARED_MIGRATIONS).await?;
    for tenant in &seed::TENANTS {
        seed::seed(&pool, tenant).await?;
    }
    Ok(pool)
}
