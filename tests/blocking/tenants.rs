//! What is done to tenants, without async.

use diesel::prelude::*;
use diesel_tenants::{
    CheckoutError, LifecycleError, TenantStatus,
    diesel_migrations::{EmbeddedMigrations, embed_migrations},
};
use diesel_tenants_test_support::Server;

use crate::{pool::pool, store::items};

const SHARED_MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations");
const TENANT_MIGRATIONS: EmbeddedMigrations = embed_migrations!("tenant_migrations");

#[test]
fn tenants_are_created_migrated_listed_renamed_and_dropped() {
    let database = Server::shared().database();
    let pool = pool(&database);
    assert_eq!(pool.migrate_shared(SHARED_MIGRATIONS).unwrap().len(), 1);
    for tenant in ["client1", "client2"] {
        pool.create_tenant(tenant, TENANT_MIGRATIONS).unwrap();
    }
    let again = pool.create_tenant("client1", TENANT_MIGRATIONS).unwrap_err();
    assert!(matches!(again, LifecycleError::AlreadyExists { .. }), "{again:?}");
    assert_eq!(pool.ensure_tenant("client1", TENANT_MIGRATIONS).unwrap().len(), 0);
    assert_eq!(pool.migrate_tenant("client2", TENANT_MIGRATIONS).unwrap().len(), 0);
    assert!(pool.migrate_tenants(TENANT_MIGRATIONS).unwrap().is_success());
    let mut conn = pool.for_tenant("client1").get().unwrap();
    assert_eq!(items::table.count().get_result::<i64>(&mut conn), Ok(0));
    drop(conn);
    pool.rename_tenant("client1", "client3").unwrap();
    assert!(matches!(
        pool.for_tenant("client1").get(),
        Err(CheckoutError::UnknownTenant { .. })
    ));
    pool.for_tenant("client3").get().unwrap();
    pool.suspend_tenant("client3").unwrap();
    let tenants = pool.tenants().unwrap();
    let tenants: Vec<_> = tenants
        .iter()
        .map(|tenant| (tenant.name.as_str(), tenant.status))
        .collect();
    assert_eq!(
        tenants,
        [("client2", TenantStatus::Active), ("client3", TenantStatus::Suspended)]
    );
    pool.drop_tenant("client3").unwrap();
    assert!(!pool.tenant_exists("client3").unwrap());
    let pending = pool.run(|pool| async move { pool.pending_tenant("client2", TENANT_MIGRATIONS).await });
    assert_eq!(pending.unwrap(), []);
}
