//! What a user asks a pool for.

use std::sync::Arc;

use super::{Backend, Checkout, TenantPool};
use crate::{
    CheckoutError, IntoSchemaName, SchemaName, SchemaTranslateMap, TenantStatus,
    pool::{Deadline, Resolved, Target},
    signals::{Label, Span},
};

/// Asks a pool for a connection; made by [`TenantPool::for_tenant`] and its siblings.
#[must_use = "a request does nothing until `get`"]
pub struct CheckoutRequest<'a, B: Backend> {
    pool: &'a TenantPool<B>,
    wanted: Result<Wanted, CheckoutError>,
    read_only: bool,
}

/// What a connection is checked out for, once its tenant's place is known.
pub(super) struct ConnectionRequest<'a> {
    pub(super) target: &'a Target,
    pub(super) map: &'a SchemaTranslateMap,
    #[cfg_attr(not(feature = "sqlite"), expect(dead_code, reason = "only a pool of SQLite's asks"))]
    pub(super) read_only: bool,
    pub(super) deadline: Deadline,
}

/// What a checkout is asked for.
enum Wanted {
    /// A tenant, wherever the directory says that it lives.
    Tenant(SchemaName),
    /// A map.
    Map(Target, SchemaTranslateMap),
}

/// # Checking out connections
impl<B: Backend> TenantPool<B> {
    /// A checkout for one tenant: unqualified tables are the tenant's, tables pinned to a schema stay there.
    ///
    /// [`get`](CheckoutRequest::get) fails for an invalid name, for a schema that belongs to no tenant (the shared
    /// schema, and those of extensions), and for a tenant without a schema. Any other schema of the database counts as
    /// a tenant.
    pub fn for_tenant(&self, tenant: impl IntoSchemaName) -> CheckoutRequest<'_, B> {
        let wanted = self.as_async().tenant_name(tenant).map(Wanted::Tenant);
        self.request(wanted.map_err(CheckoutError::from))
    }

    /// A checkout for pinned tables only. A query for a tenant's table fails before anything is sent.
    pub fn shared(&self) -> CheckoutRequest<'_, B> {
        let map = self.as_async().with_symbolic_schema(SchemaTranslateMap::new());
        self.request(Ok(Wanted::Map(Target::Shared, map)))
    }

    /// A checkout under any map. The schema to which unqualified names lead must exist.
    pub fn with_map(&self, map: SchemaTranslateMap) -> CheckoutRequest<'_, B> {
        self.request(Ok(Wanted::Map(Target::Map, map)))
    }

    /// A checkout under the pool's own map ([`schema_map`](crate::TenantPoolBuilder::schema_map)).
    ///
    /// # Errors
    /// As for [`CheckoutRequest::get`].
    pub fn get(&self) -> Result<Checkout<B>, CheckoutError> {
        self.with_map(self.as_async().0.schema_map.clone()).get()
    }
}

impl<B: Backend> CheckoutRequest<'_, B> {
    /// Waits for a connection, for [`wait_timeout`](super::TenantPoolBuilder::wait_timeout) at most.
    ///
    /// # Errors
    /// [`CheckoutError`]: the name is invalid, the tenant is unknown or suspended, the pool is exhausted, or the server
    /// can't be reached.
    pub fn get(self) -> Result<Checkout<B>, CheckoutError> {
        let Self {
            pool,
            wanted,
            read_only,
        } = self;
        let wanted = wanted?;
        let counters = pool.as_async().counters();
        let tenant = match &wanted {
            Wanted::Tenant(tenant) => Some(tenant),
            Wanted::Map(..) => None,
        };
        let span = Span::checkout(
            <B::Database as crate::Backend>::SYSTEM,
            tenant,
            &counters.database,
            read_only,
        );
        let checkout = {
            let _span = span.enter();
            pool.check_out(&wanted, read_only)
        };
        match checkout {
            Ok(mut checkout) => {
                counters.checked_out(tenant);
                checkout.set_label(Label::of(tenant, &counters.database));
                Ok(checkout)
            }
            Err(error) => {
                counters.not_checked_out(error.is_for_want_of_connections());
                Err(error)
            }
        }
    }
}

impl<B: Backend> TenantPool<B> {
    fn check_out(&self, wanted: &Wanted, read_only: bool) -> Result<Checkout<B>, CheckoutError> {
        let deadline = Deadline::after(self.wait_timeout());
        let check_out = |target: &Target, map: &SchemaTranslateMap| {
            let lease = B::check_out(
                self,
                &ConnectionRequest {
                    target,
                    map,
                    read_only,
                    deadline,
                },
            );
            lease.map(Checkout)
        };
        let tenant = match wanted {
            Wanted::Map(target, map) => return check_out(target, map),
            Wanted::Tenant(tenant) => tenant,
        };
        let resolved = self.resolve(tenant)?;
        let map = self.as_async().map_of(tenant);
        let target = Target::Tenant(tenant.clone());
        let Some(resolved) = resolved else {
            return check_out(&target, &map);
        };
        match check_out(&target, &resolved.map) {
            Ok(checkout) => {
                resolved.record_schema_oid(checkout.translation().namespace());
                Ok(checkout)
            }
            Err(error) => Err(resolved.explain(error, target)),
        }
    }
}

impl<B: Backend> TenantPool<B> {
    fn request(&self, wanted: Result<Wanted, CheckoutError>) -> CheckoutRequest<'_, B> {
        CheckoutRequest {
            pool: self,
            wanted,
            read_only: false,
        }
    }

    /// Where a tenant lives, by the directory; `None` if there is no directory.
    fn resolve(&self, tenant: &SchemaName) -> Result<Option<Arc<Resolved>>, CheckoutError> {
        let Some(remembered) = self.as_async().remembered() else {
            return Ok(None);
        };
        let resolved = match remembered.known.tenants.get(tenant) {
            Some(Ok(Some(resolved))) if resolved.entry.status == TenantStatus::Active => resolved,
            _ => {
                let tenant = tenant.clone();
                self.run(|pool| async move {
                    let remembered = pool.remembered().expect("a pool keeps its directory");
                    pool.resolve(remembered, &tenant, pool.deadline()).await
                })?
            }
        };
        B::must_reach(&Target::Tenant(tenant.clone()), &resolved.entry.placement)?;
        Ok(Some(resolved))
    }
}

#[cfg(feature = "sqlite")]
impl CheckoutRequest<'_, crate::Sqlite> {
    /// Asks for a connection that can only read. Its transactions lock nothing.
    pub fn read_only(self) -> Self {
        Self {
            read_only: true,
            ..self
        }
    }
}
