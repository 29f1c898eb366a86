//! The connection that is handed out, until it comes back.

use std::{
    fmt,
    ops::{Deref, DerefMut},
    sync::{Arc, LazyLock},
    time::Instant,
};

use deadpool::managed::Object;
use tokio::sync::OwnedSemaphorePermit;

use crate::{
    TenantConnection, connection::Condition, pool::connections::Manager, query::Translation,
    translate::SchemaTranslateMap,
};

/// A connection under one map, until it is dropped. Use it like a [`TenantConnection`].
///
/// A returned connection forgets its map. The pool closes a connection that isn't clean: one with an open
/// transaction, with session state (a `SET`, a temporary table, an advisory lock), or with an abandoned query still
/// running, which is cancelled. It also closes a connection that took another's place by `mem::swap` or `mem::replace`.
///
/// Behind a pooler, closing the connection doesn't end the server's session. There a statement that certainly leaves
/// something on the session is [refused](crate::RefusedStatement) before it is sent.
pub struct Checkout {
    object: Option<Object<Manager>>,
    /// The id of the connection that was handed out: `mem::swap` can put another connection in its place.
    connection: u64,
    /// The tenant's permit for this connection, if `max_per_tenant` is set.
    pub(super) share: Option<OwnedSemaphorePermit>,
    #[cfg(feature = "_web")]
    turn: Option<Turn>,
}

#[cfg(feature = "_web")]
/// The right to hold one connection while asking for another. There are fewer turns than connections in the pool.
/// Otherwise each connection could be held by a caller that waits for a second one, and no connection would ever come
/// back. All connections that were taken with a turn keep it.
pub(crate) type Turn = Arc<OwnedSemaphorePermit>;

impl Checkout {
    pub(crate) fn of(object: Object<Manager>) -> Self {
        Self {
            connection: object.id(),
            object: Some(object),
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
        if object.untranslated().take_doubt_about_types()
            && let Some(pool) = Object::pool(&object)
        {
            // What is remembered of the tenant's types may be outdated as well.
            pool.manager().schemas().forget_map(object.map());
        }
        let connection = &mut *object;
        let unchanged = connection.id() == self.connection;
        if unchanged && connection.condition() == Condition::Clean && !connection.is_broken_or_in_transaction() {
            connection.set_translation(Arc::clone(&PINNED_TABLES_ONLY));
            return;
        }
        if connection.condition() == Condition::Interrupted
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            // Closing the socket doesn't stop a query: the server would only notice when it wants to answer.
            let token = connection.cancel_token();
            runtime.spawn(async move { token.cancel().await });
        }
        drop(Object::take(object));
    }
}
