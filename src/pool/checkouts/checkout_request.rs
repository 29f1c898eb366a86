//! What a user asks a pool for.

use std::sync::Arc;

#[cfg(feature = "_web")]
use super::admitted::Admitted;
use super::{checkout::Checkout, connection_request::ConnectionRequest};
use crate::{
    IntoSchemaName, SchemaName,
    pool::{Backend, CheckoutError, Postgres, Target, TenantPool, deadline::Deadline, directory_cache::Resolved},
    tenancy::Tables,
    translate::SchemaTranslateMap,
};

/// Asks a pool for a connection; made by [`TenantPool::for_tenant`] and its siblings.
#[derive(Debug)]
#[must_use = "a request does nothing until `get`"]
pub struct CheckoutRequest<'a, B: Backend = Postgres> {
    pool: &'a TenantPool<B>,
    wanted: Result<Wanted, CheckoutError>,
    #[cfg(feature = "_web")]
    admitted: Option<Admitted>,
    database: Option<Arc<str>>,
    read_only: bool,
}

/// What a checkout is asked for.
#[derive(Debug)]
pub(crate) enum Wanted {
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
    /// schema, and those of extensions), and for a tenant without a schema. Without a directory, any other schema of a
    /// PostgreSQL database counts as a tenant; with a directory, only what the directory knows. On MySQL only databases
    /// in the library's list are tenants, on SQLite only files.
    pub fn for_tenant(&self, tenant: impl IntoSchemaName) -> CheckoutRequest<'_, B> {
        let wanted = self.tenant_name(tenant).map(Wanted::Tenant);
        CheckoutRequest::new(self, wanted.map_err(CheckoutError::from))
    }

    /// A checkout for pinned tables only. A query for a tenant's table fails before anything is sent.
    pub fn shared(&self) -> CheckoutRequest<'_, B> {
        let map = self.with_symbolic_schema(SchemaTranslateMap::new());
        CheckoutRequest::new(self, Ok(Wanted::Map(Target::Shared, map)))
    }

    /// A checkout under any map. The schema to which unqualified names lead must exist.
    pub fn with_map(&self, map: SchemaTranslateMap) -> CheckoutRequest<'_, B> {
        CheckoutRequest::new(self, Ok(Wanted::Map(Target::Map, map)))
    }

    /// A checkout under the pool's own map ([`schema_map`](crate::TenantPoolBuilder::schema_map)).
    ///
    /// # Errors
    /// As for [`CheckoutRequest::get`].
    pub async fn get(&self) -> Result<Checkout<B>, CheckoutError> {
        self.with_map(self.0.schema_map.clone()).get().await
    }
}

impl<'a, B: Backend> CheckoutRequest<'a, B> {
    pub(crate) fn new(pool: &'a TenantPool<B>, wanted: Result<Wanted, CheckoutError>) -> Self {
        Self {
            pool,
            wanted,
            #[cfg(feature = "_web")]
            admitted: None,
            database: None,
            read_only: false,
        }
    }

    pub(crate) fn failed(pool: &'a TenantPool<B>, error: CheckoutError) -> Self {
        Self::new(pool, Err(error))
    }

    /// Restricts the checkout to the tenant that this pool admitted: if another tenant has the name now, the checkout
    /// fails.
    #[cfg(feature = "_web")]
    pub(crate) fn only_for(self, admitted: Option<Admitted>) -> Self {
        Self { admitted, ..self }
    }

    pub(crate) fn in_database(self, database: Arc<str>) -> Self {
        Self {
            database: Some(database),
            ..self
        }
    }

    /// Asks for a connection that only reads: to a [replica](crate::TenantPoolBuilder::replica) of the tenant's
    /// database, in turn if there are several. Writes are refused, by the server or by SQLite. SQLite has no replicas.
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
    /// [`CheckoutError`]: the name is invalid, the tenant does not exist or is suspended, the directory can't be asked,
    /// the pool is exhausted or closed, or the database can't be reached.
    pub async fn get(self) -> Result<Checkout<B>, CheckoutError> {
        let deadline = self.pool.deadline();
        self.get_until(deadline).await
    }

    pub(crate) async fn get_until(self, deadline: Deadline) -> Result<Checkout<B>, CheckoutError> {
        // A copy moved out of `self` would take its space twice in each handler's future.
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
        let admitted = self.admitted.as_ref().filter(|_| database.is_none());
        let (tenant, database) = (wanted.tenant(), database.as_ref());
        let span = pool.span_of_checkout(tenant, database, read_only);
        let checkout = span.run(async {
            #[cfg(feature = "_web")]
            if let Some(admitted) = admitted {
                return match read_only {
                    false => pool.check_out(admitted, deadline).await,
                    true => Box::pin(pool.check_out_read_only(admitted, deadline)).await,
                };
            }
            let tenant = match (wanted, pool.remembered()) {
                (Wanted::Map(target, map), _) => {
                    let request = ConnectionRequest {
                        target,
                        map,
                        tenant_id: None,
                        namespace: None,
                        deadline,
                    };
                    return B::check_out(pool, &request, database, read_only).await;
                }
                (Wanted::Tenant(tenant), Some(remembered)) if database.is_none() => {
                    let resolved = pool.resolve(remembered, tenant, deadline).await?;
                    return check_out_placed(pool, &resolved, tenant, None, read_only, deadline).await;
                }
                (Wanted::Tenant(tenant), _) => tenant,
            };
            let request = ConnectionRequest {
                target: &Target::Tenant(tenant.clone()),
                map: &pool.map_of(tenant),
                tenant_id: None,
                namespace: None,
                deadline,
            };
            B::check_out(pool, &request, database, read_only).await
        });
        pool.counted(checkout.await, tenant, database)
    }
}

impl Wanted {
    fn tenant(&self) -> Option<&SchemaName> {
        match self {
            Self::Tenant(tenant) => Some(tenant),
            Self::Map(..) => None,
        }
    }
}

/// A connection for a tenant in the place that the directory gave. If `namespace` is given, the schema must have that
/// OID.
pub(crate) async fn check_out_placed<B: Backend>(
    pool: &TenantPool<B>,
    resolved: &Resolved,
    tenant: &SchemaName,
    namespace: Option<u64>,
    read_only: bool,
    deadline: Deadline,
) -> Result<Checkout<B>, CheckoutError> {
    let target = Target::Tenant(tenant.clone());
    let request = ConnectionRequest {
        target: &target,
        map: &resolved.map,
        tenant_id: match &resolved.entry.placement.tables {
            Tables::Schema(_) => None,
            Tables::Rows(tenant_id) => Some(tenant_id),
        },
        namespace,
        deadline,
    };
    let database = resolved.entry.placement.database.as_ref();
    let checkout = B::check_out(pool, &request, database, read_only).await;
    if let Ok(checkout) = &checkout
        && !read_only
    {
        resolved.record_schema_oid(checkout.translation().namespace());
    }
    checkout.map_err(|error| resolved.explain(error, target))
}

impl Resolved {
    /// The directory knows the tenant, so a missing schema is not an unknown tenant.
    pub(crate) fn explain(&self, error: CheckoutError, target: Target) -> CheckoutError {
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
