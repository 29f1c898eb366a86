//! A request's context, whatever the kind of the pool's database.

use std::{any::Any, sync::Arc};

use super::{
    Rejection,
    request_context::{RequestContext, is_success},
};
use crate::{
    BoxFuture, context,
    pool::{Admitted, Backend},
    signals::Span,
};

/// A request's context without its database type. Resolvers and Rocket's catchers use it, because they are not generic
/// over the database.
pub(super) trait AnyRequest: Any + Send + Sync {
    fn admitted(&self) -> Option<&Admitted>;

    /// Makes sure that the unfinished transaction is never committed.
    fn abandon(&self);

    /// See [`RequestContext::roll_back`].
    #[cfg(feature = "rocket")]
    fn roll_back(&self) -> BoxFuture<'_, ()>;

    /// Ends the request's transaction; `None` if the application has none for each request. An error replaces the
    /// handler's response.
    fn end_transaction(&self, status: u16) -> Option<BoxFuture<'_, Result<(), Rejection>>>;
}

impl<B: Backend> AnyRequest for RequestContext<B> {
    fn admitted(&self) -> Option<&Admitted> {
        self.tenant_admitted()
    }

    fn abandon(&self) {
        if let Some(transaction) = self.transaction() {
            transaction.abandon();
        }
    }

    #[cfg(feature = "rocket")]
    fn roll_back(&self) -> BoxFuture<'_, ()> {
        Box::pin(RequestContext::roll_back(self))
    }

    fn end_transaction(&self, status: u16) -> Option<BoxFuture<'_, Result<(), Rejection>>> {
        let transaction = self.transaction()?;
        Some(Box::pin(transaction.finish(is_success(status))))
    }
}

impl dyn AnyRequest {
    /// The context with its kind of database; an error if the application's pool is of another kind.
    pub(super) fn of_kind<B: Backend>(self: &Arc<Self>) -> Result<Arc<RequestContext<B>>, Rejection> {
        let context: Arc<dyn Any + Send + Sync> = Arc::clone(self) as _;
        context.downcast().map_err(|_| Rejection::OtherDatabase)
    }

    /// Ends the request's transaction, if there is one. An error replaces the handler's response.
    pub(super) async fn finish(&self, status: u16) -> Result<(), Rejection> {
        match self.end_transaction(status) {
            Some(ended) => ended.await,
            None => Ok(()),
        }
    }

    /// Runs the handler with the request's tenant as the current one.
    pub(super) fn scope<F: Future>(&self, handler: F) -> impl Future<Output = F::Output> + use<F> {
        let admitted = self.admitted();
        let span = admitted.map_or_else(Span::default, |admitted| Span::tenant(admitted.tenant()));
        context::scope(admitted.cloned(), span.run(handler))
    }

    /// A guard for the middleware. If the middleware is dropped with its request, the unfinished transaction is never
    /// committed, even if something that outlives the request still holds its context.
    pub(super) fn abandon_on_drop(&self) -> impl Drop {
        Abandon(self)
    }
}

struct Abandon<'a>(&'a dyn AnyRequest);

impl Drop for Abandon<'_> {
    fn drop(&mut self) {
        self.0.abandon();
    }
}
