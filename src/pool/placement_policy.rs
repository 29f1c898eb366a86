use futures_core::future::BoxFuture;

use super::{Backend, Postgres, TenantPool};
use crate::{SchemaName, tenancy::PolicyAnswer};

/// Chooses where new tenants live; set by [`placement_policy`](crate::TenantPoolBuilder::placement_policy).
///
/// Two policies are ready-made: [`FewestTenants`](crate::directory::FewestTenants) and
/// [`Hashed`](crate::directory::Hashed). [`place_tenant`](TenantPool::place_tenant) asks no policy.
///
/// ```
/// use diesel_tenants::{BoxFuture, Placement, PlacementPolicy, SchemaName, TenantPool, tenancy::PolicyAnswer};
///
/// /// Trial accounts share tables, all others get a schema on the shard.
/// struct TrialsShare;
///
/// impl PlacementPolicy for TrialsShare {
///     fn place<'a>(&'a self, tenant: &'a SchemaName, _: &'a TenantPool) -> BoxFuture<'a, PolicyAnswer> {
///         Box::pin(async move {
///             Ok(match tenant.as_str().strip_prefix("trial_") {
///                 Some(number) => Placement::rows(number),
///                 None => Placement::schema(tenant.clone()).in_database("shard1"),
///             })
///         })
///     }
/// }
/// ```
pub trait PlacementPolicy<B: Backend = Postgres>: Send + Sync {
    /// Chooses a place for a new tenant. In the pool's own database a tenant's schema must have the tenant's name.
    /// `pool` is the pool that creates the tenant: its [`shared()`](TenantPool::shared) reaches the directory's tables.
    ///
    /// The policy is asked once for a tenant, unless creating the tenant failed and left nothing behind.
    ///
    /// # Errors
    /// Why the policy can't answer at the moment. Nothing is created then.
    fn place<'a>(&'a self, tenant: &'a SchemaName, pool: &'a TenantPool<B>) -> BoxFuture<'a, PolicyAnswer>;
}
