//! The tenant of the running request.
//!
//! Code that runs inside [`with_tenant`] has a current tenant, however deep in its calls: [`TenantPool::current`]
//! checks out a connection for that tenant. Web services set the tenant once, before the handler runs.
//!
//! ```no_run
//! # use diesel::prelude::*;
//! # use diesel_async::RunQueryDsl;
//! # diesel::table! { orders (id) { id -> Integer } }
//! use diesel_tenants::{TenantPool, context};
//!
//! async fn count_orders(pool: &TenantPool) -> Result<i64, Box<dyn std::error::Error>> {
//!     let mut conn = pool.current().get().await?;
//!     Ok(orders::table.count().get_result(&mut conn).await?)
//! }
//!
//! # async fn run(pool: TenantPool) -> Result<(), Box<dyn std::error::Error>> {
//! let orders = context::with_tenant("client1", count_orders(&pool)).await?;
//! # Ok(())
//! # }
//! ```
//!
//! A spawned task has no current tenant by itself; [`with_current_tenant`] passes the tenant on to it.

#[cfg(feature = "_web")]
use crate::pool::Admitted;
use crate::{
    CheckoutError, IntoSchemaName, SchemaName, SchemaNameError, TenantPool,
    pool::{Backend, CheckoutRequest},
};

tokio::task_local! {
    static CURRENT: Option<Current>;
}

#[derive(Clone)]
struct Current {
    /// An invalid name is an error once a connection is asked for.
    name: Result<SchemaName, SchemaNameError>,
    /// The tenant that had the name when the request was admitted.
    #[cfg(feature = "_web")]
    admitted: Option<Admitted>,
}

impl From<Result<SchemaName, SchemaNameError>> for Current {
    fn from(name: Result<SchemaName, SchemaNameError>) -> Self {
        Self {
            name,
            #[cfg(feature = "_web")]
            admitted: None,
        }
    }
}

/// Runs a future with a current tenant. Nested calls override the outer tenant until they are done.
///
/// A name that no tenant can have is an error of [`TenantPool::current`].
pub fn with_tenant<F: Future>(tenant: impl IntoSchemaName, future: F) -> impl Future<Output = F::Output> {
    CURRENT.scope(Some(tenant.into_schema_name().into()), future)
}

/// Runs a future without a current tenant, even inside [`with_tenant`].
pub fn without_tenant<F: Future>(future: F) -> impl Future<Output = F::Output> {
    CURRENT.scope(None, future)
}

/// Runs a future with an admitted tenant as the current one, or without a current tenant.
#[cfg(feature = "_web")]
pub(crate) fn scope<F: Future>(admitted: Option<Admitted>, future: F) -> impl Future<Output = F::Output> {
    let current = admitted.map(|admitted| Current {
        name: Ok(admitted.tenant().clone()),
        admitted: Some(admitted),
    });
    CURRENT.scope(current, future)
}

/// Gives a future the tenant that is current now, so that it can be spawned. Without a current tenant the future has
/// none.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use diesel_tenants::context::{current_tenant, with_current_tenant, with_tenant};
///
/// let seen = with_tenant("client1", async {
///     tokio::spawn(with_current_tenant(async { current_tenant() })).await
/// });
/// assert_eq!(seen.await?, Some("client1".parse()?));
/// # Ok(())
/// # }
/// ```
pub fn with_current_tenant<F: Future>(future: F) -> impl Future<Output = F::Output> {
    CURRENT.scope(current(), future)
}

/// Runs a function with a current tenant: for blocking work on other threads.
pub fn with_tenant_blocking<T>(tenant: impl IntoSchemaName, work: impl FnOnce() -> T) -> T {
    CURRENT.sync_scope(Some(tenant.into_schema_name().into()), work)
}

/// The tenant of the running request; `None` outside [`with_tenant`], or if its name is invalid.
pub fn current_tenant() -> Option<SchemaName> {
    current()?.name.ok()
}

fn current() -> Option<Current> {
    CURRENT.try_with(Clone::clone).ok().flatten()
}

/// # The tenant of the running request
impl<B: Backend> TenantPool<B> {
    /// A checkout for the [current tenant](crate::context). Without a current tenant it fails with
    /// [`NoCurrentTenant`](CheckoutError::NoCurrentTenant).
    ///
    /// In a web request this is the tenant that this pool admitted: if the name belongs to another tenant by now, the
    /// checkout fails with [`ChangedTenant`](CheckoutError::ChangedTenant). In [`with_tenant`], and for other pools, it
    /// is the tenant that has the name now.
    pub fn current(&self) -> CheckoutRequest<'_, B> {
        match current() {
            #[cfg(feature = "_web")]
            Some(Current {
                admitted: Some(admitted),
                ..
            }) => self.for_admitted(admitted),
            Some(Current { name: Ok(tenant), .. }) => self.for_tenant(tenant),
            Some(Current { name: Err(error), .. }) => CheckoutRequest::failed(self, error.into()),
            None => CheckoutRequest::failed(self, CheckoutError::NoCurrentTenant),
        }
    }
}
