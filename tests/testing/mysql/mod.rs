//! `TestTenants` and the audit on a real MariaDB.

mod clean;
mod leaks;
mod refusals;
mod store;

use diesel_tenants::{CheckoutError, testing::TestTenants};
use store::{Store, TENANT_MIGRATIONS, add, names};

/// The names of the tenants are always the same, so it needs a server of its own.
#[tokio::test]
async fn tenants_are_made_with_their_tables_and_kept_when_more_are_asked_for() {
    let Store { server: _server, pool } = Store::without_tenants().await;
    let [a, b] = TestTenants::two(&pool, TENANT_MIGRATIONS).await.unwrap();
    assert_eq!([a.as_str(), b.as_str()], ["tenant_a", "tenant_b"]);
    add(&pool, "tenant_a", "Ada").await;
    add(&pool, "tenant_b", "Grace").await;
    assert_eq!(names(&pool, "tenant_a").await, ["Ada"]);
    assert_eq!(names(&pool, "tenant_b").await, ["Grace"]);
    let missing = pool.for_tenant("tenant_c").get().await.unwrap_err();
    assert!(matches!(missing, CheckoutError::UnknownTenant { .. }), "{missing}");

    let [_, _, c] = TestTenants::make(&pool, TENANT_MIGRATIONS).await.unwrap();
    assert_eq!(c.as_str(), "tenant_c");
    assert_eq!(names(&pool, "tenant_a").await, ["Ada"]);
    assert!(names(&pool, "tenant_c").await.is_empty());
}
