use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use deadpool::managed::{self, Metrics, RecycleError, RecycleResult};
use diesel_async::{AsyncPgConnection, RunQueryDsl, pooled_connection::PoolableConnection};

use super::{ConnectError, Recycling, connect::Connector};
use crate::{TenantConnection, translate::SchemaTranslateMap};

/// Makes connections for the pool, and decides which may stay.
pub(crate) struct Manager {
    connector: Arc<Connector>,
    limits: Limits,
    /// The connection that proved the pool's options, until somebody asks for one.
    first: Mutex<Option<AsyncPgConnection>>,
}

/// What a connection may go through before it is replaced.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) recycling: Recycling,
    pub(super) max_lifetime: Duration,
    pub(super) max_statements: usize,
}

/// A connection in the pool.
pub(crate) struct Pooled {
    pub(super) connection: TenantConnection,
    pub(super) last_used: Instant,
}

impl Manager {
    pub(super) fn new(connector: Arc<Connector>, limits: Limits) -> Self {
        Self {
            connector,
            limits,
            first: Mutex::new(None),
        }
    }

    /// Opens a connection ahead of the first checkout.
    pub(super) async fn warm_up(&self) -> Result<(), ConnectError> {
        let connection = self.connector.connect().await?;
        *self.first.lock().unwrap_or_else(PoisonError::into_inner) = Some(connection);
        Ok(())
    }
}

impl managed::Manager for Manager {
    type Type = Pooled;
    type Error = ConnectError;

    async fn create(&self) -> Result<Pooled, ConnectError> {
        let first = self.first.lock().unwrap_or_else(PoisonError::into_inner).take();
        let connection = match first.and_then(|mut first| (!first.is_broken()).then_some(first)) {
            Some(connection) => connection,
            None => self.connector.connect().await?,
        };
        let connection = TenantConnection::new(connection, SchemaTranslateMap::new());
        Ok(Pooled {
            connection,
            last_used: Instant::now(),
        })
    }

    async fn recycle(&self, pooled: &mut Pooled, metrics: &Metrics) -> RecycleResult<ConnectError> {
        if pooled.connection.untranslated().is_broken() {
            return Err(RecycleError::message("the connection is closed, or in a transaction"));
        }
        if metrics.age() > self.limits.max_lifetime {
            return Err(RecycleError::message("the connection has reached `max_lifetime`"));
        }
        if pooled.connection.statements() > self.limits.max_statements {
            return Err(RecycleError::message("the connection has reached `max_statements`"));
        }
        let verify = match self.limits.recycling {
            Recycling::Fast => false,
            Recycling::VerifiedAfterIdle(idle) => pooled.last_used.elapsed() >= idle,
            Recycling::Verified => true,
        };
        if verify {
            diesel::sql_query("SELECT 1")
                .execute(pooled.connection.untranslated())
                .await
                .map_err(|error| RecycleError::message(format!("the connection doesn't answer: {error}")))?;
        }
        Ok(())
    }
}
