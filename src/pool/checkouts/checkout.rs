//! The connection that is handed out, until it comes back.

#[cfg(feature = "_web")]
use std::sync::Arc;
use std::{
    fmt,
    ops::{Deref, DerefMut},
};

use diesel::QueryResult;
use tokio::sync::OwnedSemaphorePermit;

use super::ConnectionRequest;
use crate::{
    TenantConnection,
    pool::{Backend, CheckoutError, Postgres, TenantPool},
};

/// A connection under one map, until it is dropped. Use it like a [`TenantConnection`].
///
/// A returned connection forgets its map. The pool closes a connection that isn't clean: one with an open
/// transaction, with session state (a `SET`, a temporary table, an advisory lock), or with an abandoned query still
/// running, which is cancelled. It also closes a connection that took another's place by `mem::swap` or `mem::replace`.
///
/// Behind a pooler, closing the connection doesn't end the server's session. There a statement that certainly leaves
/// something on the session is [refused](crate::RefusedStatement) before it is sent.
pub struct Checkout<B: Backend = Postgres> {
    lease: Option<B::Lease>,
    /// The id of the connection that was handed out: `mem::swap` can put another connection in its place.
    connection: u64,
    /// The tenant's permit for this connection, if `max_per_tenant` is set.
    pub(in crate::pool) share: Option<OwnedSemaphorePermit>,
    #[cfg(feature = "_web")]
    second: Option<SecondConnectionPermit>,
}

#[cfg(feature = "_web")]
/// The right to hold one connection while asking for another. There are fewer of these permits than connections in the
/// pool. Otherwise each connection could be held by a caller that waits for a second one, and no connection would ever
/// come back. All connections that were taken with one permit keep it.
pub(crate) type SecondConnectionPermit = Arc<OwnedSemaphorePermit>;

impl<B: Backend> Checkout<B> {
    pub(crate) fn of(lease: B::Lease) -> Self {
        Self {
            connection: lease.id(),
            lease: Some(lease),
            share: None,
            #[cfg(feature = "_web")]
            second: None,
        }
    }

    /// Keeps a permit until the connection goes back.
    #[cfg(feature = "_web")]
    pub(crate) fn keep(&mut self, permit: Option<SecondConnectionPermit>) {
        self.second = permit;
    }

    /// Closes the connection.
    pub(crate) fn discard(&mut self) {
        if let Some(lease) = self.lease.take() {
            B::discard(lease);
        }
    }

    /// Asks the server something before the connection is handed out. If the caller gives up, or the time is over, the
    /// connection counts as busy and is closed. It is closed after any other error as well, so that no later checkout
    /// gets a broken connection.
    pub(crate) async fn ask<T>(
        &mut self,
        pool: &TenantPool<B>,
        request: &ConnectionRequest<'_>,
        question: impl AsyncFnOnce(&mut B::Connection) -> QueryResult<T>,
    ) -> Result<T, CheckoutError> {
        let waited = pool.0.options.recycle_timeout.min(request.deadline.left());
        let (waiting, connection) = self.watched();
        let Ok(answer) = tokio::time::timeout(waited, question(connection)).await else {
            drop(waiting);
            return Err(CheckoutError::LookupTimeout {
                target: request.target.clone(),
                waited,
            });
        };
        waiting.answered(answer.is_ok());
        answer.map_err(|source| {
            self.discard();
            CheckoutError::Lookup {
                target: request.target.clone(),
                source,
            }
        })
    }

    pub(crate) fn lease(&self) -> &B::Lease {
        self.lease
            .as_ref()
            .expect("a checkout has its connection until it is dropped")
    }
}

impl<B: Backend> Deref for Checkout<B> {
    type Target = TenantConnection<B::Connection>;

    fn deref(&self) -> &TenantConnection<B::Connection> {
        self.lease()
    }
}

impl<B: Backend> DerefMut for Checkout<B> {
    fn deref_mut(&mut self) -> &mut TenantConnection<B::Connection> {
        self.lease
            .as_mut()
            .expect("a checkout has its connection until it is dropped")
    }
}

impl<B: Backend> AsRef<TenantConnection<B::Connection>> for Checkout<B> {
    fn as_ref(&self) -> &TenantConnection<B::Connection> {
        self
    }
}

impl<B: Backend> fmt::Debug for Checkout<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Checkout")
            .field("map", self.map())
            .finish_non_exhaustive()
    }
}

impl<B: Backend> Drop for Checkout<B> {
    fn drop(&mut self) {
        if let Some(lease) = self.lease.take() {
            B::take_back(lease, self.connection);
        }
    }
}
