use std::{
    fmt,
    ops::{Deref, DerefMut},
    sync::{Arc, LazyLock},
    time::Instant,
};

use deadpool::managed::Object;
use tokio::sync::OwnedSemaphorePermit;
use tokio_postgres::NoTls;

use crate::{
    TenantConnection, connection::Condition, pool::connections::Manager, query::Translation,
    translate::SchemaTranslateMap,
};

/// A connection under one map, until it is dropped. Use it like a [`TenantConnection`].
///
/// A returned connection forgets its map. The pool closes a connection that isn't as good as new: one with an open
/// transaction, with session state (a `SET`, a temporary table, an advisory lock), or with an abandoned query still
/// running, which is cancelled. It also closes a connection that took another's place by `mem::swap` or `mem::replace`.
///
/// Behind a pooler, closing the connection doesn't end the server's session. There a statement that certainly leaves
/// something on the session is [refused](crate::RefusedStatement) before it is sent.
pub struct Checkout {
    object: Option<Object<Manager>>,
    /// The connection that was given out: its place in the pool could come back with another one.
    connection: u64,
    can_cancel: bool,
    /// The tenant's right to it, where it may have but so many.
    pub(super) share: Option<OwnedSemaphorePermit>,
    #[cfg(feature = "_web")]
    turn: Option<Turn>,
}

#[cfg(feature = "_web")]
/// The right to hold one connection and ask for another. There are fewer than the pool has connections: would each of them be held by
/// somebody who waits for a second one, none would ever come back. It is kept by all connections that were taken on it.
pub(crate) type Turn = Arc<OwnedSemaphorePermit>;

impl Checkout {
    pub(crate) fn of(object: Object<Manager>, can_cancel: bool) -> Self {
        Self {
            connection: object.id(),
            object: Some(object),
            can_cancel,
            share: None,
            #[cfg(feature = "_web")]
            turn: None,
        }
    }

    /// Keeps a turn until the connection goes back.
    #[cfg(feature = "_web")]
    pub(crate) fn keep(&mut self, turn: Option<Turn>) {
        self.turn = turn;
    }

    /// When the connection was taken from the pool.
    pub(super) fn since(&self) -> Instant {
        let metrics = Object::metrics(self.object());
        metrics.recycled.unwrap_or(metrics.created)
    }

    /// Closes the connection.
    pub(crate) fn discard(&mut self) {
        self.object.take().map(Object::take);
    }

    pub(super) fn object(&self) -> &Object<Manager> {
        self.object
            .as_ref()
            .expect("a checkout has its connection until it is dropped")
    }
}

impl Deref for Checkout {
    type Target = TenantConnection;

    fn deref(&self) -> &TenantConnection {
        self.object()
    }
}

impl DerefMut for Checkout {
    fn deref_mut(&mut self) -> &mut TenantConnection {
        self.object
            .as_mut()
            .expect("a checkout has its connection until it is dropped")
    }
}

impl AsRef<TenantConnection> for Checkout {
    fn as_ref(&self) -> &TenantConnection {
        self
    }
}

impl fmt::Debug for Checkout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Checkout")
            .field("map", self.map())
            .finish_non_exhaustive()
    }
}

impl Drop for Checkout {
    fn drop(&mut self) {
        static PINNED_TABLES_ONLY: LazyLock<Arc<Translation>> =
            LazyLock::new(|| Arc::new(Translation::new(SchemaTranslateMap::new())));

        let Some(mut object) = self.object.take() else { return };
        if object.is_outdated()
            && let Some(pool) = Object::pool(&object)
        {
            // So may what is known of the tenant's types.
            pool.manager().schemas().forget_map(object.map());
        }
        let connection = &mut *object;
        let unchanged = connection.id() == self.connection;
        if unchanged && connection.condition() == Condition::Clean && !connection.is_broken_or_in_transaction() {
            connection.set_translation(Arc::clone(&PINNED_TABLES_ONLY));
            return;
        }
        if connection.condition() == Condition::Interrupted
            && self.can_cancel
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            // Closing the socket doesn't stop a query: the server would only notice when it wants to answer.
            let token = connection.cancel_token();
            runtime.spawn(async move { token.cancel_query(NoTls).await });
        }
        drop(Object::take(object));
    }
}
