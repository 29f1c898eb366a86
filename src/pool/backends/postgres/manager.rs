use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use deadpool::managed::{self, Metrics, QueueMode, RecycleError, RecycleResult};
use diesel_async::{RunQueryDsl, pooled_connection::PoolableConnection};
use tokio::runtime::{self, Handle};

#[cfg(feature = "testing")]
use crate::pool::instrument::Instrument;
use crate::{
    PostgresConnection, TenantConnection,
    backend::postgres::{ConnectError, Connector},
    pool::{Recycling, options::Options, tenant_cache::Schemas},
    query::Sharing,
    translate::SchemaTranslateMap,
};

/// Opens connections for the pool, and decides which of them are kept.
pub(crate) struct Manager {
    connector: Arc<Connector>,
    schemas: Arc<Schemas>,
    limits: Limits,
    /// The connection with which `build` checked the pool's options, and the runtime in which it was opened, until the
    /// first checkout takes it.
    first: Mutex<Option<(Box<PostgresConnection>, runtime::Id)>>,
    /// When a connection last failed to answer its test.
    silent_since: Mutex<Option<Instant>>,
    #[cfg(feature = "testing")]
    pub(crate) instrument: Instrument,
}

/// What a connection may go through before it is replaced.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) recycling: Recycling,
    pub(crate) recycle_timeout: Duration,
    pub(crate) max_lifetime: Duration,
    pub(crate) max_statements: usize,
    pub(crate) max_tenants: usize,
}

impl Limits {
    pub(crate) fn of(options: &Options) -> Self {
        Self {
            recycling: options.recycling,
            recycle_timeout: options.recycle_timeout,
            max_lifetime: options.max_lifetime,
            max_statements: options.max_statements,
            max_tenants: options.max_tenants,
        }
    }
}

impl Manager {
    pub(crate) fn new(connector: Arc<Connector>, schemas: Arc<Schemas>, limits: Limits) -> Self {
        Self {
            connector,
            schemas,
            limits,
            first: Mutex::new(None),
            silent_since: Mutex::new(None),
            #[cfg(feature = "testing")]
            instrument: Instrument::default(),
        }
    }

    pub(crate) fn schemas(&self) -> &Schemas {
        &self.schemas
    }

    /// Opens a connection ahead of the first checkout.
    pub(crate) async fn warm_up(&self) -> Result<(), ConnectError> {
        let connection = self.connector.connect().await?;
        *self.first() = Some((Box::new(connection), Handle::current().id()));
        Ok(())
    }

    /// Closes that connection, if nobody has asked for it yet.
    pub(crate) fn forget_first(&self) {
        self.first().take();
    }

    fn take_first(&self) -> Option<Box<PostgresConnection>> {
        let (mut first, runtime) = self.first().take()?;
        (!first.is_broken() && self.connector.would_open_in(runtime)).then_some(first)
    }

    fn silent_since(&self) -> MutexGuard<'_, Option<Instant>> {
        self.silent_since.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn first(&self) -> MutexGuard<'_, Option<(Box<PostgresConnection>, runtime::Id)>> {
        self.first.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl managed::Manager for Manager {
    /// In a box, because it is large and is moved at each checkout.
    type Type = Box<TenantConnection>;
    type Error = ConnectError;

    async fn create(&self) -> Result<Box<TenantConnection>, ConnectError> {
        let mut connection = match self.take_first() {
            Some(connection) => connection,
            None => Box::new(Box::pin(self.connector.connect()).await?),
        };
        connection.limit_statements(self.limits.max_statements);
        #[cfg(feature = "testing")]
        self.instrument.apply(&mut *connection);
        let sharing = match self.connector.may_be_pooled() {
            true => Sharing::Pooler,
            false => Sharing::InTurn,
        };
        Ok(Box::new(TenantConnection::shared(
            *connection,
            SchemaTranslateMap::new(),
            sharing,
        )))
    }

    async fn recycle(&self, connection: &mut Box<TenantConnection>, metrics: &Metrics) -> RecycleResult<ConnectError> {
        let Limits {
            recycling,
            recycle_timeout,
            max_lifetime,
            max_tenants,
            ..
        } = self.limits;
        let now = Instant::now();
        if connection.untranslated().is_broken() {
            return Err(RecycleError::message("the connection is closed, or in a transaction"));
        }
        if now - metrics.created > max_lifetime {
            return Err(RecycleError::message("the connection has reached `max_lifetime`"));
        }
        if connection.tenants() > max_tenants {
            return Err(RecycleError::message("the connection has reached `max_tenants`"));
        }
        connection.forget_types_if(|since| self.schemas.outdate(since));
        let verify = match recycling {
            Recycling::Fast => false,
            Recycling::VerifiedAfterIdle(idle) => now - metrics.recycled.unwrap_or(metrics.created) >= idle,
            Recycling::Verified => true,
        };
        if verify {
            let used = metrics.recycled.unwrap_or(metrics.created);
            if self.silent_since().is_some_and(|silent_since| used <= silent_since) {
                return Err(RecycleError::message("another connection of that time doesn't answer"));
            }
            let ping = diesel::sql_query("SELECT 1").execute(connection.untranslated());
            match Box::pin(tokio::time::timeout(recycle_timeout, ping)).await {
                Ok(Ok(_)) => {}
                Ok(Err(error)) => return Err(RecycleError::message(format!("the connection is broken: {error}"))),
                Err(_) => {
                    // Connections that were idle as long are replaced untested: testing them one by one could take the
                    // full time for each.
                    *self.silent_since() = Some(now);
                    return Err(RecycleError::message("the connection doesn't answer"));
                }
            }
        }
        Ok(())
    }
}

/// A pool of connections, none of which is open yet.
pub(crate) fn connections(
    connector: Arc<Connector>,
    schemas: Arc<Schemas>,
    limits: Limits,
    max_size: usize,
    options: &Options,
) -> deadpool::managed::Pool<Manager> {
    deadpool::managed::Pool::builder(Manager::new(connector, schemas, limits))
        .max_size(max_size)
        // The connection that was used last has the most prepared statements.
        .queue_mode(QueueMode::Lifo)
        .wait_timeout(Some(options.wait_timeout))
        .runtime(deadpool::Runtime::Tokio1)
        .build()
        .expect("a runtime is given, which is all that timeouts need")
}
