use std::{fmt, ops::Deref, sync::Arc};

use super::{Rejection, RequestContext};
use crate::{Checkout, SchemaName, pool::Admitted};

/// The tenant of a request: known, and not suspended. Handlers that can do without one take `Option<Tenant>`.
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

/// A connection for the request's tenant, checked out when it is first used.
///
/// Not when it is extracted: a handler's other arguments may take their time, a body that is uploaded slowly above all, and so may
/// what a handler does before it needs the database. Nothing of that should hold one of the few connections that all tenants share.
///
/// Handlers that can do without a tenant take `Option<TenantConn>`.
pub struct TenantConn {
    tenant: Admitted,
    context: Arc<RequestContext>,
    checkout: Option<Checkout>,
}

impl TenantConn {
    pub(super) fn new(tenant: Admitted, context: Arc<RequestContext>) -> Self {
        Self {
            tenant,
            context,
            checkout: None,
        }
    }

    /// The connection, to use as any of diesel-async's. It is checked out the first time, and given back when this `TenantConn` is dropped.
    ///
    /// # Errors
    /// [`Rejection`]: there is no connection, or the tenant is no longer there.
    pub async fn get(&mut self) -> Result<&mut Checkout, Rejection> {
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

impl Drop for TenantConn {
    fn drop(&mut self) {
        let (Some(transaction), Some(checkout)) = (self.context.transaction(), self.checkout.take()) else {
            return;
        };
        if std::thread::panicking() {
            // Whatever the layer or task that catches the panic makes of it.
            transaction.fail();
        } else {
            transaction.give_back(checkout);
        }
    }
}

impl fmt::Debug for TenantConn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TenantConn")
            .field("tenant", self.tenant())
            .field("is_checked_out", &self.checkout.is_some())
            .finish_non_exhaustive()
    }
}

/// A connection for shared tables only, checked out when it is first used, as [`TenantConn`]. A tenant's table on it is an error.
///
/// A handler with a [`TenantConn`] rarely needs it: a tenant's connection reaches the shared tables too, in the same query. One that
/// takes both may hold two connections at a time. Such requests never wait for each other in a circle: at most one less than the
/// pool has connections begins at a time. Of a pool of one connection they can't have two: that is an error after `wait_timeout`.
pub struct SharedConn {
    context: Arc<RequestContext>,
    checkout: Option<Checkout>,
}

impl SharedConn {
    pub(super) fn new(context: Arc<RequestContext>) -> Self {
        Self {
            context,
            checkout: None,
        }
    }

    /// The connection. It is checked out the first time, and given back when this `SharedConn` is dropped.
    ///
    /// # Errors
    /// [`Rejection`]: there is no connection.
    pub async fn get(&mut self) -> Result<&mut Checkout, Rejection> {
        let checkout = match self.checkout.take() {
            Some(checkout) => checkout,
            None => self.context.check_out_shared().await?,
        };
        Ok(self.checkout.insert(checkout))
    }
}

impl fmt::Debug for SharedConn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedConn")
            .field("is_checked_out", &self.checkout.is_some())
            .finish_non_exhaustive()
    }
}
