//! What handlers take: the tenant, and a connection for it or for shared tables.

use std::{fmt, ops::Deref, sync::Arc};

use super::{Rejection, any_request::AnyRequest, request_context::RequestContext};
use crate::{
    Checkout, SchemaName,
    pool::{Admitted, Backend, Postgres},
};

/// The tenant of a request: it exists, and is not suspended. Handlers that also work without a tenant take
/// `Option<Tenant>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant(pub SchemaName);

impl Deref for Tenant {
    type Target = SchemaName;

    fn deref(&self) -> &SchemaName {
        &self.0
    }
}

impl fmt::Display for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A connection for the request's tenant, checked out on first use.
///
/// It is not checked out when the handler's arguments are extracted. Extracting other arguments may take long, above
/// all a body that is uploaded slowly. So may the handler's work before it needs the database. Neither should hold one
/// of the few connections that all tenants share.
///
/// Handlers that also work without a tenant take `Option<TenantConn>`.
pub struct TenantConn<B: Backend = Postgres> {
    tenant: Admitted,
    context: Arc<RequestContext<B>>,
    checkout: Option<Checkout<B>>,
}

impl<B: Backend> TenantConn<B> {
    fn new(tenant: Admitted, context: Arc<RequestContext<B>>) -> Self {
        Self {
            tenant,
            context,
            checkout: None,
        }
    }

    /// The connection, to use like any of diesel-async's. The first call checks it out; dropping this `TenantConn`
    /// gives it back.
    ///
    /// # Errors
    /// [`Rejection`]: there is no connection, or the tenant no longer exists.
    pub async fn get(&mut self) -> Result<&mut Checkout<B>, Rejection> {
        let checkout = match self.checkout.take() {
            Some(checkout) => checkout,
            None => match self.context.transaction() {
                Some(transaction) => Box::pin(transaction.take(self.context.check_out(&self.tenant))).await?,
                None => self.context.check_out(&self.tenant).await?,
            },
        };
        Ok(self.checkout.insert(checkout))
    }

    /// The tenant.
    pub fn tenant(&self) -> &SchemaName {
        self.tenant.tenant()
    }
}

impl<B: Backend> Drop for TenantConn<B> {
    fn drop(&mut self) {
        let (Some(transaction), Some(checkout)) = (self.context.transaction(), self.checkout.take()) else {
            return;
        };
        if std::thread::panicking() {
            // Whatever response the layer or task makes that catches the panic, nothing is committed.
            transaction.fail();
        } else {
            transaction.give_back(checkout);
        }
    }
}

impl<B: Backend> fmt::Debug for TenantConn<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TenantConn")
            .field("tenant", self.tenant())
            .field("is_checked_out", &self.checkout.is_some())
            .finish_non_exhaustive()
    }
}

/// A connection for shared tables only, checked out on first use, like [`TenantConn`]. A query for a tenant's table
/// fails.
///
/// A handler with a [`TenantConn`] rarely needs it: a tenant's connection reaches the shared tables too, in the same
/// query. A handler that takes both may hold two connections at a time. Such requests never wait for each other in a
/// circle: the number of such requests that run at a time is smaller than the pool's number of connections. With a pool
/// of one connection a handler can't have both: the second one fails after `wait_timeout`.
pub struct SharedConn<B: Backend = Postgres> {
    context: Arc<RequestContext<B>>,
    checkout: Option<Checkout<B>>,
}

impl<B: Backend> SharedConn<B> {
    fn new(context: Arc<RequestContext<B>>) -> Self {
        Self {
            context,
            checkout: None,
        }
    }

    /// The connection. The first call checks it out; dropping this `SharedConn` gives it back.
    ///
    /// # Errors
    /// [`Rejection`]: there is no connection.
    pub async fn get(&mut self) -> Result<&mut Checkout<B>, Rejection> {
        let checkout = match self.checkout.take() {
            Some(checkout) => checkout,
            None => self.context.check_out_shared().await?,
        };
        Ok(self.checkout.insert(checkout))
    }
}

impl<B: Backend> fmt::Debug for SharedConn<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedConn")
            .field("is_checked_out", &self.checkout.is_some())
            .finish_non_exhaustive()
    }
}

/// The tenant that a handler asks for; `None` if the request names none.
pub(super) fn tenant_of(context: Option<&Arc<dyn AnyRequest>>) -> Result<Option<Tenant>, Rejection> {
    let context = context.ok_or(Rejection::NotInstalled)?;
    Ok(context.admitted().map(|admitted| Tenant(admitted.tenant().clone())))
}

pub(super) fn connection_of<B: Backend>(
    context: Option<&Arc<dyn AnyRequest>>,
) -> Result<Option<TenantConn<B>>, Rejection> {
    let context = context.ok_or(Rejection::NotInstalled)?.of_kind::<B>()?;
    let admitted = context.asked_for_tenant().cloned();
    Ok(admitted.map(|tenant| TenantConn::new(tenant, context)))
}

pub(super) fn shared_connection_of<B: Backend>(
    context: Option<&Arc<dyn AnyRequest>>,
) -> Result<SharedConn<B>, Rejection> {
    let context = context.ok_or(Rejection::NotInstalled)?.of_kind::<B>()?;
    context.asked_for_shared();
    Ok(SharedConn::new(context))
}
