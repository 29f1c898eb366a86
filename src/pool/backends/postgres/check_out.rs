//! How a checkout gets its connection, and what it asks the server before it is handed out.

use std::sync::Arc;

use deadpool::managed::{Object, PoolError, TimeoutType};

use super::{Manager, PostgresLease};
use crate::{
    backend::postgres::ConnectError,
    pool::{
        Checkout, CheckoutError, Target, TenantPool,
        backends::postgres::known_schemas::Refused,
        checkouts::ConnectionRequest,
        connections::{NOW, free_or_awaited},
        deadline::Deadline,
    },
    query::Translation,
};

fn into_checkout_error(error: PoolError<ConnectError>, pool: &TenantPool, target: Target) -> CheckoutError {
    match error {
        PoolError::Timeout(_) if pool.is_test_transaction() => CheckoutError::TestTransactionInUse {
            target,
            waited: pool.wait_timeout(),
        },
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

impl Checkout {
    /// A connection of this pool itself, not of a further database or replica.
    pub(crate) async fn get(pool: &TenantPool, request: &ConnectionRequest<'_>) -> Result<Self, CheckoutError> {
        let ConnectionRequest {
            target,
            map,
            tenant_id,
            namespace,
            deadline,
        } = *request;
        if pool.schemas().is_missing(map)
            && let Some(schema) = map.unqualified()
        {
            // A task that asks again and again must not keep other tasks of this thread from running.
            tokio::task::yield_now().await;
            return Err(CheckoutError::UnknownTenant { tenant: schema.clone() });
        }
        let share = pool.share_of(target, deadline).await?;
        let mut checkout = Self::wait(pool, target, deadline).await?;
        let translation = match pool.schemas().get(map, checkout.lease().since()) {
            Some(translation) => translation,
            None => {
                let translation = Box::pin(checkout.look_up(pool, request)).await?;
                checkout.forget_types_if(|since| pool.schemas().outdate(since));
                pool.read_ahead();
                translation
            }
        };
        if namespace.is_some() && namespace != translation.namespace() {
            return Err(request.changed());
        }
        if tenant_id.is_some() || checkout.shows_rows() {
            Box::pin(checkout.show_rows(pool, request)).await?;
        }
        checkout.set_translation(translation);
        checkout.share = share;
        Ok(checkout)
    }

    /// A connection for pinned tables only, which every connection in the pool is until it gets a map.
    pub(crate) async fn wait(pool: &TenantPool, target: &Target, deadline: Deadline) -> Result<Self, CheckoutError> {
        match pool.free_or_awaited_connection(deadline).await {
            Ok(object) => Ok(Self::of(PostgresLease::of(object))),
            Err(Some(error)) => Err(into_checkout_error(error, pool, target.clone())),
            Err(None) => Err(CheckoutError::ConnectionTimeout {
                target: target.clone(),
                waited: deadline.limit(),
            }),
        }
    }

    /// Asks the catalog for the schema behind a map, for a pool to remember.
    pub(crate) async fn look_up(
        &mut self,
        pool: &TenantPool,
        request: &ConnectionRequest<'_>,
    ) -> Result<Arc<Translation>, CheckoutError> {
        let found = self.ask(pool, request, async |connection| {
            pool.schemas().look_up(request.map, connection, pool.connector()).await
        });
        found.await?.map_err(|refused| match refused {
            Refused::Unknown(tenant) => CheckoutError::UnknownTenant { tenant },
            Refused::Suspended(tenant) => CheckoutError::SuspendedTenant { tenant },
            Refused::UnsafeSession(source) => {
                self.discard();
                CheckoutError::Connect {
                    target: request.target.clone(),
                    source,
                }
            }
        })
    }
}

impl TenantPool {
    /// A connection to the database that was asked for, or to one of its replicas.
    pub(crate) async fn check_out_in(
        &self,
        request: &ConnectionRequest<'_>,
        database: Option<&Arc<str>>,
        read_only: bool,
    ) -> Result<Checkout, CheckoutError> {
        match database {
            // Nobody else sees what the transaction has written.
            database if read_only && !self.is_test_transaction() => {
                Box::pin(self.check_out_reader(database, request)).await
            }
            None => Checkout::get(self, request).await,
            Some(database) => {
                let pool = Box::pin(self.database_for(request.target, database, request.deadline)).await?;
                Checkout::get(&pool, request).await
            }
        }
    }

    /// A connection that is free now or, only if there is none, the next one that comes back. `Err(None)` if the time was
    /// over.
    pub(crate) async fn free_or_awaited_connection(
        &self,
        deadline: Deadline,
    ) -> Result<Object<Manager>, Option<PoolError<ConnectError>>> {
        let connections = &self.postgres().connections;
        let waits = &self.counters().waits;
        free_or_awaited(connections, self.wait_timeout(), deadline, ConnectError::is_full, waits).await
    }

    /// A free connection of the pool, for a migration that leaves nothing on the session; `None` if there is none, or
    /// if migrations have connections of their own.
    pub(crate) async fn free_migration_connection(&self) -> Option<Checkout> {
        if !Arc::ptr_eq(&self.postgres().connector, &self.postgres().migration_connector) {
            return None;
        }
        let object = self.postgres().connections.timeout_get(&NOW).await.ok()?;
        let checkout = Checkout::of(PostgresLease::of(object));
        // Row-level security would hide rows from a migration.
        (!checkout.shows_rows()).then_some(checkout)
    }

    /// The pool of a further database, if it is open already.
    pub(crate) fn open_database(&self, database: &Arc<str>) -> Option<TenantPool> {
        self.postgres().databases.opened(database)
    }

    pub(crate) async fn database_for(
        &self,
        target: &Target,
        database: &Arc<str>,
        deadline: Deadline,
    ) -> Result<TenantPool, CheckoutError> {
        let pool = self.postgres().databases.get(database, deadline).await;
        pool.map_err(|source| CheckoutError::Database {
            target: target.clone(),
            source: Box::new(source),
        })
    }
}
