//! Tenants that are exported, and imported elsewhere.

mod damage;
mod endings;
mod format;
mod moment;
mod refusals;
mod round_trip;
mod values;

use diesel_tenants::{ImportError, TenantPool, transfer::ImportReport};
use diesel_tenants_test_support::{Database, chain};

async fn export(pool: &TenantPool, tenant: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let exported = pool.export_tenant(tenant).to(&mut bytes).await;
    let exported = exported.unwrap_or_else(|error| panic!("{}", chain(&error)));
    assert_eq!(exported.bytes, bytes.len() as u64);
    bytes
}

async fn try_import(pool: &TenantPool, tenant: &str, bytes: &[u8]) -> Result<ImportReport, ImportError> {
    pool.import_tenant(tenant).from(bytes).await
}

async fn import(pool: &TenantPool, tenant: &str, bytes: &[u8]) -> ImportReport {
    let imported = try_import(pool, tenant, bytes).await;
    imported.unwrap_or_else(|error| panic!("{}", chain(&error)))
}

/// Waits until no session but those of the pool has a transaction in the database.
async fn settled(database: &Database) {
    let open = format!(
        "SELECT pid, state, query FROM pg_stat_activity WHERE datname = '{}' AND pid <> pg_backend_pid() \
         AND (xact_start IS NOT NULL OR state = 'active')",
        database.name()
    );
    for tries in 0.. {
        let rows = database.query_strings(&open);
        if rows.is_empty() {
            return;
        }
        assert!(tries < 200, "{rows:?}");
        // What was spawned goes on meanwhile.
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}
