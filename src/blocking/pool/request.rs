//! What a user asks a pool for.

use std::{sync::Arc, time::Instant};

use diesel::{connection::LoadConnection, pg::Pg, r2d2::R2D2Connection};

use super::{Checkout, TenantPool};
use crate::{
    CheckoutError, IntoSchemaName, SchemaName, SchemaTranslateMap, TenantStatus,
    pool::{Deadline, Resolved, Target},
    query::Translation,
    tenancy::Tables,
};

/// Asks a pool for a connection; made by [`TenantPool::for_tenant`] and its siblings.
#[must_use = "a request does nothing until `get`"]
pub struct CheckoutRequest<'a, C>
where
    C: R2D2Connection + LoadConnection<Backend = Pg> + 'static,
{
    pool: &'a TenantPool<C>,
    wanted: Result<Wanted, CheckoutError>,
}

/// What a checkout is asked for.
enum Wanted {
    /// A tenant, wherever the directory says that it lives.
    Tenant(SchemaName),
    /// A map.
    Map(Target, SchemaTranslateMap),
}

/// # Checking out connections
impl<C> TenantPool<C>
where
    C: R2D2Connection + LoadConnection<Backend = Pg> + 'static,
{
    /// A checkout for one tenant: unqualified tables are the tenant's, tables pinned to a schema stay there.
    ///
    /// [`get`](CheckoutRequest::get) fails for an invalid name, for a schema that belongs to no tenant (the shared
    /// schema, and those of extensions), and for a tenant without a schema. Any other schema of the database counts as
    /// a tenant.
    pub fn for_tenant(&self, tenant: impl IntoSchemaName) -> CheckoutRequest<'_, C> {
        let wanted = self.as_async().tenant_name(tenant).map(Wanted::Tenant);
        CheckoutRequest {
            pool: self,
            wanted: wanted.map_err(CheckoutError::from),
        }
    }

    /// A checkout for pinned tables only. A query for a tenant's table fails before anything is sent.
    pub fn shared(&self) -> CheckoutRequest<'_, C> {
        let map = self.as_async().with_symbolic_schema(SchemaTranslateMap::new());
        CheckoutRequest {
            pool: self,
            wanted: Ok(Wanted::Map(Target::Shared, map)),
        }
    }

    /// A checkout under any map. The schema to which unqualified names lead must exist.
    pub fn with_map(&self, map: SchemaTranslateMap) -> CheckoutRequest<'_, C> {
        CheckoutRequest {
            pool: self,
            wanted: Ok(Wanted::Map(Target::Map, map)),
        }
    }

    /// A checkout under the pool's own map ([`schema_map`](crate::TenantPoolBuilder::schema_map)).
    ///
    /// # Errors
    /// As for [`CheckoutRequest::get`].
    pub fn get(&self) -> Result<Checkout<C>, CheckoutError> {
        self.with_map(self.as_async().0.schema_map.clone()).get()
    }
}

impl<C> CheckoutRequest<'_, C>
where
    C: R2D2Connection + LoadConnection<Backend = Pg> + 'static,
{
    /// Waits for a connection, for [`wait_timeout`](super::TenantPoolBuilder::wait_timeout) at most.
    ///
    /// # Errors
    /// [`CheckoutError`]: the name is invalid, the tenant is unknown or suspended, the pool is exhausted, or the server
    /// can't be reached.
    pub fn get(self) -> Result<Checkout<C>, CheckoutError> {
        let Self { pool, wanted } = self;
        let deadline = Deadline::after(pool.wait_timeout());
        match wanted? {
            Wanted::Map(target, map) => pool.check_out(&target, &map, None, deadline),
            Wanted::Tenant(tenant) => match pool.resolve(&tenant)? {
                Some(resolved) => pool.check_out(&Target::Tenant(tenant), &resolved.map, Some(&resolved), deadline),
                None => {
                    let map = pool.as_async().map_of(&tenant);
                    pool.check_out(&Target::Tenant(tenant), &map, None, deadline)
                }
            },
        }
    }
}

impl<C> TenantPool<C>
where
    C: R2D2Connection + LoadConnection<Backend = Pg> + 'static,
{
    fn check_out(
        &self,
        target: &Target,
        map: &SchemaTranslateMap,
        resolved: Option<&Resolved>,
        deadline: Deadline,
    ) -> Result<Checkout<C>, CheckoutError> {
        let explained = |error| match resolved {
            Some(resolved) => resolved.explain(error, target.clone()),
            None => error,
        };
        if self.as_async().schemas().is_absent(map)
            && let Some(schema) = map.unqualified()
        {
            return Err(explained(CheckoutError::UnknownTenant { tenant: schema.clone() }));
        }
        let share = match target {
            Target::Tenant(tenant) => self.take_share(tenant, deadline)?,
            _ => None,
        };
        loop {
            let mut slot = self.slot(target, deadline)?;
            let translation = self.translation(map).map_err(explained)?;
            // Only now is it known whether types changed.
            if self.as_async().schemas().outdate(slot.opened()) {
                slot.retire();
                continue;
            }
            if let Some(resolved) = resolved {
                resolved.record_schema_oid(translation.namespace());
            }
            let mut checkout = Checkout::new(slot, share);
            checkout.set_translation(translation);
            return Ok(checkout);
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
        let placement = &resolved.entry.placement;
        match (&placement.database, &placement.tables) {
            (None, Tables::Schema(_)) => Ok(Some(resolved)),
            (Some(_), Tables::Schema(_)) | (_, Tables::Rows(_)) => Err(CheckoutError::NeedsAsync {
                target: Target::Tenant(tenant.clone()),
                placement: Box::new(placement.clone()),
            }),
        }
    }

    /// The translation of a map. Unless its schema was seen lately, the catalog is asked.
    fn translation(&self, map: &SchemaTranslateMap) -> Result<Arc<Translation>, CheckoutError> {
        if let Some(translation) = self.as_async().schemas().get(map, Instant::now()) {
            return Ok(translation);
        }
        let map = map.clone();
        self.run(|pool| async move {
            let checkout = pool.with_map(map).get().await?;
            Ok(Arc::clone(checkout.translation()))
        })
    }
}
