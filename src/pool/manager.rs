use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use deadpool::managed::{self, Metrics, RecycleError, RecycleResult};
use diesel_async::{AsyncPgConnection, RunQueryDsl, pooled_connection::PoolableConnection};

use super::{ConnectError, Recycling, connect::Connector, schemas::Schemas};
use crate::{TenantConnection, translate::SchemaTranslateMap};

/// Makes connections for the pool, and decides which may stay.
pub(crate) struct Manager {
    connector: Arc<Connector>,
    schemas: Arc<Schemas>,
    limits: Limits,
    /// The connection that proved the pool's options, until somebody asks for one.
    first: Mutex<Option<AsyncPgConnection>>,
}

/// What a connection may go through before it is replaced.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) recycling: Recycling,
    pub(super) recycle_timeout: Duration,
    pub(super) max_lifetime: Duration,
    pub(super) max_statements: usize,
}

impl Manager {
    pub(super) fn new(connector: Arc<Connector>, schemas: Arc<Schemas>, limits: Limits) -> Self {
        Self {
            connector,
            schemas,
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

    /// Closes that connection, if nobody has asked for it yet.
    pub(super) fn forget_first(&self) {
        self.first.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

impl managed::Manager for Manager {
    type Type = TenantConnection;
    type Error = ConnectError;

    async fn create(&self) -> Result<TenantConnection, ConnectError> {
        let first = self.first.lock().unwrap_or_else(PoisonError::into_inner).take();
        let connection = match first.and_then(|mut first| (!first.is_broken()).then_some(first)) {
            Some(connection) => connection,
            None => self.connector.connect().await?,
        };
        Ok(TenantConnection::new(connection, SchemaTranslateMap::new()))
    }

    async fn recycle(&self, connection: &mut TenantConnection, metrics: &Metrics) -> RecycleResult<ConnectError> {
        let Limits {
            recycling,
            recycle_timeout,
            max_lifetime,
            max_statements,
        } = self.limits;
        let now = Instant::now();
        if connection.untranslated().is_broken() {
            return Err(RecycleError::message("the connection is closed, or in a transaction"));
        }
        if now - metrics.created > max_lifetime {
            return Err(RecycleError::message("the connection has reached `max_lifetime`"));
        }
        if connection.statements() > max_statements {
            return Err(RecycleError::message("the connection has reached `max_statements`"));
        }
        if self.schemas.outdate(metrics.created) {
            return Err(RecycleError::message(
                "the connection may know types by OIDs that are no more",
            ));
        }
        let verify = match recycling {
            Recycling::Fast => false,
            Recycling::VerifiedAfterIdle(idle) => now - metrics.recycled.unwrap_or(metrics.created) >= idle,
            Recycling::Verified => true,
        };
        if verify {
            let ping = diesel::sql_query("SELECT 1").execute(connection.untranslated());
            match tokio::time::timeout(recycle_timeout, ping).await {
                Ok(Ok(_)) => {}
                Ok(Err(error)) => return Err(RecycleError::message(format!("the connection is broken: {error}"))),
                Err(_) => return Err(RecycleError::message("the connection doesn't answer")),
            }
        }
        Ok(())
    }
}
