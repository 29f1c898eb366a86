//! The tenant of the running request.
//!
//! What runs inside of [`with_tenant`] has a current tenant, however deep in its calls: [`TenantPool::current`] checks out a
//! connection for it. Web services set it once, before the handler runs.
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
//! A task that is spawned has no current tenant of its own accord; [`with_current_tenant`] takes it along.

use crate::{CheckoutError, IntoSchemaName, SchemaName, SchemaNameError, TenantPool, pool::CheckoutRequest};

tokio::task_local! {
    /// An invalid name is an error once a connection is asked for.
    static CURRENT: Option<Result<SchemaName, SchemaNameError>>;
}

/// Runs a future with a current tenant. Inside of another one it takes the other's place, until it is done.
///
/// A name that no tenant can have is an error of [`TenantPool::current`].
pub fn with_tenant<F: Future>(tenant: impl IntoSchemaName, future: F) -> impl Future<Output = F::Output> {
    CURRENT.scope(Some(tenant.into_schema_name()), future)
}

/// Runs a future without a current tenant, also inside of [`with_tenant`].
pub fn without_tenant<F: Future>(future: F) -> impl Future<Output = F::Output> {
    scope(None, future)
}

/// With a tenant or without, for who has a valid name.
pub(crate) fn scope<F: Future>(tenant: Option<SchemaName>, future: F) -> impl Future<Output = F::Output> {
    CURRENT.scope(tenant.map(Ok), future)
}

/// Gives a future the tenant that is current now, to be spawned with it. Without one it has none.
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

/// Runs a function with a current tenant: for threads of blocking work.
pub fn with_tenant_blocking<T>(tenant: impl IntoSchemaName, work: impl FnOnce() -> T) -> T {
    CURRENT.sync_scope(Some(tenant.into_schema_name()), work)
}

/// The tenant of the running request; `None` outside of [`with_tenant`], or if its name is invalid.
pub fn current_tenant() -> Option<SchemaName> {
    current()?.ok()
}

fn current() -> Option<Result<SchemaName, SchemaNameError>> {
    CURRENT.try_with(Clone::clone).ok().flatten()
}

impl TenantPool {
    /// A checkout for the [current tenant](crate::context). Without one it is an error,
    /// [`NoCurrentTenant`](CheckoutError::NoCurrentTenant).
    pub fn current(&self) -> CheckoutRequest<'_> {
        match current() {
            Some(Ok(tenant)) => self.for_tenant(tenant),
            Some(Err(error)) => CheckoutRequest::failed(self, error.into()),
            None => CheckoutRequest::failed(self, CheckoutError::NoCurrentTenant),
        }
    }
}
