use std::sync::Arc;

use super::{Checkout, CheckoutError, Target, TenantPool, deadline::Deadline, resolve::Resolved};
use crate::{SchemaName, translate::SchemaTranslateMap};

/// Asks a pool for a connection; made by [`TenantPool::for_tenant`] and its siblings.
#[derive(Debug)]
#[must_use = "a request does nothing until `get`"]
pub struct CheckoutRequest<'a> {
    pool: &'a TenantPool,
    wanted: Result<Wanted, CheckoutError>,
    #[cfg(feature = "_web")]
    admitted: Option<super::Admitted>,
    database: Option<Arc<str>>,
    read_only: bool,
}

/// What a checkout is asked for.
#[derive(Debug)]
pub(super) enum Wanted {
    /// A tenant, wherever the directory says that it lives.
    Tenant(SchemaName),
    /// A map.
    Map(Target, SchemaTranslateMap),
}

impl<'a> CheckoutRequest<'a> {
    pub(super) fn new(pool: &'a TenantPool, wanted: Result<Wanted, CheckoutError>) -> Self {
        Self {
            pool,
            wanted,
            #[cfg(feature = "_web")]
            admitted: None,
            database: None,
            read_only: false,
        }
    }

    pub(crate) fn failed(pool: &'a TenantPool, error: CheckoutError) -> Self {
        Self::new(pool, Err(error))
    }

    /// Only for the tenant that was let in by this very pool: not for another one that got its name.
    #[cfg(feature = "_web")]
    pub(crate) fn only_for(self, admitted: Option<super::Admitted>) -> Self {
        Self { admitted, ..self }
    }

    pub(super) fn in_database(self, database: Arc<str>) -> Self {
        Self {
            database: Some(database),
            ..self
        }
    }

    /// Asks for a connection that only reads: to a [replica](crate::TenantPoolBuilder::replica) of the tenant's
    /// database, in turn if there are several. The server refuses writes.
    ///
    /// A replica is behind its database by some milliseconds or more: to read what was just written, check out without
    /// `read_only`. The database itself serves the checkout if the replica doesn't know the tenant yet, still knows it
    /// as suspended, or still knows another tenant by its name. The same holds if no replica can be connected to, or
    /// none is declared. Even then the connection can only read, and is separate from those that write.
    ///
    /// ```no_run
    /// # use diesel::prelude::*;
    /// # use diesel_async::RunQueryDsl;
    /// # diesel::table! { orders (id) { id -> Integer } }
    /// # async fn run(pool: diesel_tenants::TenantPool) -> Result<(), Box<dyn std::error::Error>> {
    /// let mut conn = pool.for_tenant("client1").read_only().get().await?;
    /// let orders: i64 = orders::table.count().get_result(&mut conn).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn read_only(self) -> Self {
        Self {
            read_only: true,
            ..self
        }
    }

    /// Waits for a connection. Dropping the future while it waits leaves nothing behind.
    ///
    /// # Errors
    /// [`CheckoutError`]: the name is invalid, the schema does not exist, the pool is exhausted or closed, or the
    /// server can't be reached.
    pub async fn get(self) -> Result<Checkout, CheckoutError> {
        let deadline = self.pool.deadline();
        self.get_until(deadline).await
    }

    pub(super) async fn get_until(self, deadline: Deadline) -> Result<Checkout, CheckoutError> {
        // What moved out of `self` would be in each handler's future twice.
        let wanted = match self.wanted {
            Ok(ref wanted) => wanted,
            Err(error) => return Err(error),
        };
        let Self {
            pool,
            ref database,
            read_only,
            ..
        } = self;
        #[cfg(feature = "_web")]
        if let Some(admitted) = self.admitted.as_ref().filter(|_| database.is_none()) {
            return match read_only {
                false => pool.check_out(admitted, deadline).await,
                true => Box::pin(pool.check_out_read_only(admitted, deadline)).await,
            };
        }
        let tenant = match (wanted, pool.resolver()) {
            (Wanted::Map(target, map), _) => {
                let wish = Wish {
                    target,
                    map,
                    tenant_id: None,
                    namespace: None,
                    deadline,
                };
                return wish.check_out(pool, database.as_ref(), read_only).await;
            }
            (Wanted::Tenant(tenant), Some(resolver)) if database.is_none() => {
                let resolved = pool.resolve(resolver, tenant, deadline).await?;
                return check_out_placed(pool, &resolved, tenant, None, read_only, deadline).await;
            }
            (Wanted::Tenant(tenant), _) => tenant,
        };
        let wish = Wish {
            target: &Target::Tenant(tenant.clone()),
            map: &pool.map_of(tenant),
            tenant_id: None,
            namespace: None,
            deadline,
        };
        wish.check_out(pool, database.as_ref(), read_only).await
    }
}

/// A connection for a tenant where the directory says that it lives; in a schema of that OID, if one is given.
pub(super) async fn check_out_placed(
    pool: &TenantPool,
    resolved: &Resolved,
    tenant: &SchemaName,
    namespace: Option<u32>,
    read_only: bool,
    deadline: Deadline,
) -> Result<Checkout, CheckoutError> {
    let target = Target::Tenant(tenant.clone());
    let wish = Wish {
        target: &target,
        map: &resolved.map,
        tenant_id: resolved.entry.placement.tenant_id(),
        namespace,
        deadline,
    };
    let database = resolved.entry.placement.database.as_ref();
    let checkout = wish.check_out(pool, database, read_only).await;
    if let Ok(checkout) = &checkout
        && !read_only
    {
        resolved.meet(checkout.translation().namespace());
    }
    checkout.map_err(|error| resolved.explain(error, target))
}

/// What a connection is to be checked out for, once it is known where.
pub(super) struct Wish<'a> {
    pub(super) target: &'a Target,
    pub(super) map: &'a SchemaTranslateMap,
    pub(super) tenant_id: Option<&'a str>,
    /// The OID that the schema must have, if it matters.
    pub(super) namespace: Option<u32>,
    pub(super) deadline: Deadline,
}

impl Wish<'_> {
    /// The schema of that name is another one.
    pub(super) fn changed(&self) -> CheckoutError {
        match self.target {
            Target::Tenant(tenant) => CheckoutError::ChangedTenant { tenant: tenant.clone() },
            _ => unreachable!("only a tenant is known by its schema's OID"),
        }
    }

    pub(super) async fn check_out(
        &self,
        pool: &TenantPool,
        database: Option<&Arc<str>>,
        read_only: bool,
    ) -> Result<Checkout, CheckoutError> {
        match database {
            database if read_only => Box::pin(pool.readers().check_out(pool, database, self)).await,
            None => Checkout::get(pool, self).await,
            Some(database) => {
                let pool = Box::pin(pool.database_for(self.target, database, self.deadline)).await?;
                Checkout::get(&pool, self).await
            }
        }
    }
}

impl Resolved {
    /// The directory knows the tenant: if there is no schema, that is another matter.
    fn explain(&self, error: CheckoutError, target: Target) -> CheckoutError {
        match (error, target) {
            (CheckoutError::UnknownTenant { .. }, target) => CheckoutError::MissingSchema {
                target,
                placement: Box::new(self.entry.placement.clone()),
            },
            (CheckoutError::SuspendedTenant { .. }, Target::Tenant(tenant)) => {
                CheckoutError::SuspendedTenant { tenant }
            }
            (error, _) => error,
        }
    }
}
