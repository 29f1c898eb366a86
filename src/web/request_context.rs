use std::sync::{
    Arc, Mutex, PoisonError, Weak,
    atomic::{AtomicBool, Ordering::Relaxed},
};

use tokio::sync::OwnedSemaphorePermit;

use super::{Rejection, settings::Settings, transaction::RequestTransaction};
use crate::{
    Checkout, CheckoutError,
    pool::{Admitted, Backend, Deadline, SecondConnectionPermit, Target},
};

/// What the middleware gives to a request's handler.
pub(super) struct RequestContext<B: Backend> {
    settings: Settings<B>,
    tenant: Option<Admitted>,
    /// The request's transaction, if the application has one for each request.
    transaction: Option<RequestTransaction<B>>,
    /// Whether the handler asked for the tenant's connection, and for the shared tables' connection. A handler that
    /// asked for both may hold two connections at a time.
    asked: [AtomicBool; 2],
    /// The permit to hold two connections at a time, which the request's connections share.
    permit: Mutex<Weak<OwnedSemaphorePermit>>,
}

const TENANT: usize = 0;
const SHARED: usize = 1;

impl<B: Backend> RequestContext<B> {
    pub(super) fn new(settings: Settings<B>, tenant: Option<Admitted>) -> Self {
        Self {
            transaction: settings.transactions.then(RequestTransaction::default),
            settings,
            tenant,
            asked: Default::default(),
            permit: Mutex::default(),
        }
    }

    /// The request's tenant.
    pub(super) fn tenant_admitted(&self) -> Option<&Admitted> {
        self.tenant.as_ref()
    }

    /// The tenant, for a handler that asks for the tenant's connection.
    pub(super) fn asked_for_tenant(&self) -> Option<&Admitted> {
        self.asked[TENANT].store(self.tenant.is_some(), Relaxed);
        self.tenant.as_ref()
    }

    /// Records that the handler asks for the shared tables' connection.
    pub(super) fn asked_for_shared(&self) {
        self.asked[SHARED].store(true, Relaxed);
    }

    pub(super) fn transaction(&self) -> Option<&RequestTransaction<B>> {
        self.transaction.as_ref()
    }

    /// Rolls back the work of a failed handler; another route may still answer the request.
    #[cfg(feature = "rocket")]
    pub(super) async fn roll_back(&self) {
        if let Some(transaction) = &self.transaction {
            Box::pin(transaction.roll_back()).await;
        }
    }

    pub(super) async fn check_out(&self, tenant: &Admitted) -> Result<Checkout<B>, Rejection> {
        let pool = &self.settings.pool;
        let deadline = pool.deadline();
        let permit = self
            .second_connection_permit(|| Target::Tenant(tenant.tenant().clone()), deadline)
            .await?;
        let span = pool.span_of_checkout(Some(tenant.tenant()), None, false);
        let checkout = span.run(pool.check_out(tenant, deadline)).await;
        self.keeping(permit, pool.counted(checkout, Some(tenant.tenant()), None))
    }

    pub(super) async fn check_out_shared(&self) -> Result<Checkout<B>, Rejection> {
        let pool = &self.settings.pool;
        let deadline = pool.deadline();
        let permit = self.second_connection_permit(|| Target::Shared, deadline).await?;
        let checkout = pool.check_out_shared(deadline).await;
        self.keeping(permit, checkout)
    }

    /// A handler that may hold two connections gets a permit with the first one; the second one shares it.
    async fn second_connection_permit(
        &self,
        target: impl Fn() -> Target,
        deadline: Deadline,
    ) -> Result<Option<SecondConnectionPermit>, Rejection> {
        if !self.asked.iter().all(|asked| asked.load(Relaxed)) {
            return Ok(None);
        }
        let lock = || self.permit.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = lock().upgrade();
        if taken.is_some() {
            return Ok(taken);
        }
        let permit = Box::pin(self.settings.pool.second_connection(&target(), deadline)).await;
        let permit = permit.map_err(|error| self.settings.rejection_of(error))?;
        *lock() = Arc::downgrade(&permit);
        Ok(Some(permit))
    }

    fn keeping(
        &self,
        permit: Option<SecondConnectionPermit>,
        checkout: Result<Checkout<B>, CheckoutError>,
    ) -> Result<Checkout<B>, Rejection> {
        let mut checkout = checkout.map_err(|error| self.settings.rejection_of(error))?;
        checkout.keep(permit);
        Ok(checkout)
    }
}

/// Whether a response of that status commits its request's transaction.
pub(super) fn is_success(status: u16) -> bool {
    (200..400).contains(&status)
}
