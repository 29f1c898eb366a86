use std::{
    fmt,
    ops::{Deref, DerefMut},
    sync::{Arc, LazyLock},
    time::Instant,
};

use deadpool::managed::{Object, PoolError, TimeoutType};
use diesel::QueryResult;
use diesel_async::AsyncPgConnection;
use tokio::sync::OwnedSemaphorePermit;
use tokio_postgres::NoTls;

use super::{CheckoutError, Target, TenantPool, deadline::Deadline, manager::Manager, request::Wish, schemas::Refused};
use crate::{
    TenantConnection, backend::postgres::ConnectError, connection::Condition, query::Translation,
    translate::SchemaTranslateMap,
};

fn into_checkout_error(error: PoolError<ConnectError>, pool: &TenantPool, target: Target) -> CheckoutError {
    match error {
        PoolError::Timeout(TimeoutType::Wait | TimeoutType::Create | TimeoutType::Recycle) => {
            CheckoutError::Exhausted {
                target,
                waited: pool.wait_timeout(),
                max_size: pool.status().max_size,
            }
        }
        PoolError::Backend(source) => CheckoutError::Connect { target, source },
        PoolError::Closed => CheckoutError::Closed { target },
        PoolError::NoRuntimeSpecified | PoolError::PostCreateHook(_) => {
            unreachable!("the pool is built with a runtime and without hooks")
        }
    }
}

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
    share: Option<OwnedSemaphorePermit>,
    #[cfg(feature = "_web")]
    turn: Option<super::Turn>,
}

impl Checkout {
    /// A connection of this very pool.
    pub(super) async fn get(pool: &TenantPool, wish: &Wish<'_>) -> Result<Self, CheckoutError> {
        let Wish {
            target,
            map,
            tenant_id,
            namespace,
            deadline,
        } = *wish;
        if pool.schemas().is_absent(map)
            && let Some(schema) = map.unqualified()
        {
            // Whoever asks again and again must not keep others of this thread from their turn.
            tokio::task::yield_now().await;
            return Err(CheckoutError::UnknownTenant { tenant: schema.clone() });
        }
        let share = match (pool.shares(), target) {
            (Some(shares), Target::Tenant(tenant)) => {
                Some(shares.take(tenant, pool.wait_timeout().min(deadline.left())).await?)
            }
            _ => None,
        };
        let mut checkout = Self::wait(pool, target, deadline).await?;
        let translation = match pool.schemas().get(map, checkout.since()) {
            Some(translation) => translation,
            None => {
                let translation = Box::pin(checkout.look_up(pool, wish)).await?;
                if pool.schemas().outdate(Object::metrics(checkout.object()).created) {
                    checkout.discard();
                    checkout = Self::wait(pool, target, deadline).await?;
                }
                translation
            }
        };
        if namespace.is_some() && namespace != translation.namespace() {
            return Err(wish.changed());
        }
        if tenant_id.is_some() || checkout.shows_rows() {
            Box::pin(checkout.show_rows(pool, wish)).await?;
        }
        checkout.set_translation(translation);
        checkout.share = share;
        Ok(checkout)
    }

    /// A connection for pinned tables only, as they all are in the pool.
    pub(super) async fn wait(pool: &TenantPool, target: &Target, deadline: Deadline) -> Result<Self, CheckoutError> {
        match pool.free_or_awaited_connection(deadline).await {
            Ok(object) => Ok(Self::of(object, pool.connector().is_plain())),
            Err(Some(error)) => Err(into_checkout_error(error, pool, target.clone())),
            Err(None) => Err(CheckoutError::ConnectionTimeout {
                target: target.clone(),
                waited: deadline.limit(),
            }),
        }
    }

    pub(super) fn of(object: Object<Manager>, can_cancel: bool) -> Self {
        Self {
            connection: object.id(),
            object: Some(object),
            can_cancel,
            share: None,
            #[cfg(feature = "_web")]
            turn: None,
        }
    }

    /// Asks the catalog for the schema behind a map, for a pool to remember.
    pub(super) async fn look_up(
        &mut self,
        pool: &TenantPool,
        wish: &Wish<'_>,
    ) -> Result<Arc<Translation>, CheckoutError> {
        let found = self.ask(pool, wish, async |connection| {
            pool.schemas().look_up(wish.map, connection, pool.connector()).await
        });
        found.await?.map_err(|refused| match refused {
            Refused::Unknown(tenant) => CheckoutError::UnknownTenant { tenant },
            Refused::Suspended(tenant) => CheckoutError::SuspendedTenant { tenant },
            Refused::UnsafeSession(source) => {
                self.discard();
                CheckoutError::Connect {
                    target: wish.target.clone(),
                    source,
                }
            }
        })
    }

    /// Asks the server something before the connection is handed out. Given up, or timed out, it counts as busy, and is closed; and
    /// whatever else went wrong, nobody else should meet it.
    pub(super) async fn ask<T>(
        &mut self,
        pool: &TenantPool,
        wish: &Wish<'_>,
        question: impl AsyncFnOnce(&mut AsyncPgConnection) -> QueryResult<T>,
    ) -> Result<T, CheckoutError> {
        let waited = pool.recycle_timeout().min(wish.deadline.left());
        let (waiting, connection) = self.watched();
        let Ok(answer) = tokio::time::timeout(waited, question(connection)).await else {
            drop(waiting);
            return Err(CheckoutError::LookupTimeout {
                target: wish.target.clone(),
                waited,
            });
        };
        waiting.answered(answer.is_ok());
        answer.map_err(|source| {
            self.discard();
            CheckoutError::Lookup {
                target: wish.target.clone(),
                source,
            }
        })
    }

    /// Keeps a turn until the connection goes back.
    #[cfg(feature = "_web")]
    pub(crate) fn keep(&mut self, turn: Option<super::Turn>) {
        self.turn = turn;
    }

    /// When the connection was taken from the pool.
    fn since(&self) -> Instant {
        let metrics = Object::metrics(self.object());
        metrics.recycled.unwrap_or(metrics.created)
    }

    /// Closes the connection.
    pub(super) fn discard(&mut self) {
        self.object.take().map(Object::take);
    }

    fn object(&self) -> &Object<Manager> {
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
