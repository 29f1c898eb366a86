use std::sync::Arc;

use super::{
    Checkout, CheckoutError, Target, TenantPool,
    deadline::Deadline,
    resolve::{Resolved, Resolver},
};
use crate::{SchemaName, translate::SchemaTranslateMap};

/// Asks a pool for a connection; made by [`TenantPool::for_tenant`] and its siblings.
#[derive(Debug)]
#[must_use = "a request does nothing until `get`"]
pub struct CheckoutRequest<'a> {
    pool: &'a TenantPool,
    wanted: Result<Wanted, CheckoutError>,
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
            database: None,
            read_only: false,
        }
    }

    pub(crate) fn failed(pool: &'a TenantPool, error: CheckoutError) -> Self {
        Self::new(pool, Err(error))
    }

    pub(super) fn in_database(self, database: Arc<str>) -> Self {
        Self {
            database: Some(database),
            ..self
        }
    }

    /// A connection that only reads: to a [replica](crate::TenantPoolBuilder::replica) of the tenant's database, in turn where
    /// there are several. What writes is an error of the server's.
    ///
    /// A replica is behind its database by some milliseconds or more: who must see what was just written reads it without this.
    /// What is asked of a tenant that the replica doesn't know yet, or still knows as suspended, or by whose name it still knows another one,
    /// is served by the database itself. So is everything when no replica can be connected to, or none is declared; also then it can only read, on connections apart from those
    /// that write.
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

    /// Waits for a connection. Dropped while it waits, it leaves nothing behind.
    ///
    /// # Errors
    /// [`CheckoutError`]: the name is invalid, the schema does not exist, the pool is exhausted or closed, or the server
    /// can't be reached.
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
        let tenant = match (wanted, pool.resolver()) {
            (Wanted::Map(target, map), _) => {
                let wish = Wish {
                    target,
                    map,
                    tenant_id: None,
                    deadline,
                };
                return wish.check_out(pool, database.as_ref(), read_only).await;
            }
            (Wanted::Tenant(tenant), Some(resolver)) if database.is_none() => {
                return check_out_placed(pool, resolver, tenant, read_only, deadline).await;
            }
            (Wanted::Tenant(tenant), _) => tenant,
        };
        let wish = Wish {
            target: &Target::Tenant(tenant.clone()),
            map: &pool.map_of(tenant),
            tenant_id: None,
            deadline,
        };
        wish.check_out(pool, database.as_ref(), read_only).await
    }
}

/// A connection for a tenant where the directory says that it lives.
pub(super) async fn check_out_placed(
    pool: &TenantPool,
    resolver: &Resolver,
    tenant: &SchemaName,
    read_only: bool,
    deadline: Deadline,
) -> Result<Checkout, CheckoutError> {
    let resolved = pool.resolve(resolver, tenant, deadline).await?;
    let target = Target::Tenant(tenant.clone());
    let wish = Wish {
        target: &target,
        map: &resolved.map,
        tenant_id: resolved.entry.placement.tenant_id(),
        deadline,
    };
    let database = resolved.entry.placement.database.as_ref();
    let checkout = wish.check_out(pool, database, read_only).await;
    checkout.map_err(|error| resolved.explain(error, target))
}

/// What a connection is to be checked out for, once it is known where.
pub(super) struct Wish<'a> {
    pub(super) target: &'a Target,
    pub(super) map: &'a SchemaTranslateMap,
    pub(super) tenant_id: Option<&'a str>,
    pub(super) deadline: Deadline,
}

impl Wish<'_> {
    async fn check_out(
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
        match error {
            CheckoutError::UnknownTenant { .. } => CheckoutError::MissingSchema {
                target,
                placement: Box::new(self.entry.placement.clone()),
            },
            CheckoutError::SuspendedTenant { .. } if let Target::Tenant(tenant) = target => {
                CheckoutError::SuspendedTenant { tenant }
            }
            error => error,
        }
    }
}
