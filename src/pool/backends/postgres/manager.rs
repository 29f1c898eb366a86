use std::{
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::Instant,
};

use deadpool::managed::{self, Metrics, QueueMode, RecycleResult};
use diesel_async::{RunQueryDsl, pooled_connection::PoolableConnection};
use tokio::runtime::{self, Handle};

#[cfg(feature = "testing")]
use crate::pool::test_instrumentation::TestInstrumentation;
use crate::{
    PostgresConnection, TenantConnection,
    backend::postgres::{ConnectError, Connector},
    pool::{
        backends::postgres::known_schemas::Schemas,
        backends::recycle::{Limits, Test, counted, last_used},
        options::Options,
    },
    query::Sharing,
    signals::{Counters, Retirement},
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
    test: Test,
    /// Whether all checkouts run in one transaction, which is never committed. The pool then has one connection.
    test_transaction: bool,
    /// There once that transaction was begun.
    begun: OnceLock<()>,
    pub(crate) counters: Arc<Counters>,
    #[cfg(feature = "testing")]
    pub(crate) test_instrumentation: TestInstrumentation,
}

impl Manager {
    pub(crate) fn new(
        connector: Arc<Connector>,
        schemas: Arc<Schemas>,
        limits: Limits,
        counters: Arc<Counters>,
        test_transaction: bool,
    ) -> Self {
        Self {
            connector,
            schemas,
            limits,
            counters,
            first: Mutex::new(None),
            test: Test::default(),
            test_transaction,
            begun: OnceLock::new(),
            #[cfg(feature = "testing")]
            test_instrumentation: TestInstrumentation::default(),
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

    fn first(&self) -> MutexGuard<'_, Option<(Box<PostgresConnection>, runtime::Id)>> {
        self.first.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl managed::Manager for Manager {
    /// In a box, because it is large and is moved at each checkout.
    type Type = Box<TenantConnection>;
    type Error = ConnectError;

    async fn create(&self) -> Result<Box<TenantConnection>, ConnectError> {
        if self.begun.get().is_some() {
            return Err(self.test_is_over());
        }
        let mut connection = match self.take_first() {
            Some(connection) => connection,
            None => Box::new(Box::pin(self.connector.connect()).await?),
        };
        connection.limit_statements(self.limits.max_statements);
        connection.take_over_settings();
        #[cfg(feature = "testing")]
        self.test_instrumentation.apply(&mut *connection);
        if self.test_transaction {
            let begun = Box::pin(connection.begin_test()).await;
            begun.map_err(|source| self.connector.failed_query(source))?;
            self.begun.get_or_init(|| ());
        }
        let sharing = match self.connector.may_be_pooled() {
            behind_pooler if self.test_transaction => Sharing::InTest { behind_pooler },
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
        counted(self.test(connection, metrics).await, &self.counters)
    }
}

impl Manager {
    fn test_is_over(&self) -> ConnectError {
        let retired = self.counters.retired.read();
        let reason = Retirement::ALL.into_iter().find(|reason| retired.of(*reason) > 0);
        ConnectError::TestIsOver {
            reason: reason.unwrap_or(Retirement::Broken).name(),
        }
    }

    /// Refuses a connection that must not be handed out again.
    async fn test(&self, connection: &mut TenantConnection, metrics: &Metrics) -> Result<(), Retirement> {
        let limits = &self.limits;
        let now = Instant::now();
        if connection.untranslated().is_broken() {
            return Err(Retirement::Broken);
        }
        if connection.untranslated().has_leftovers() {
            return Err(Retirement::LeftState);
        }
        if self.test_transaction {
            // A new connection would be outside of the transaction.
            let rolled_back = Box::pin(connection.untranslated().roll_back_in_test()).await;
            return rolled_back.map_err(|_| Retirement::Broken);
        }
        limits.check(now, metrics, connection.tenants())?;
        connection.forget_types_if(|since| self.schemas.outdate(since));
        let used = last_used(metrics);
        if limits.recycling.tests(now - used) {
            let ping = async {
                let ping = diesel::sql_query("SELECT 1").execute(connection.untranslated());
                ping.await.map(drop)
            };
            Box::pin(self.test.ask(now, used, limits, ping)).await?;
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
    counters: &Arc<Counters>,
) -> deadpool::managed::Pool<Manager> {
    let manager = Manager::new(
        connector,
        schemas,
        limits,
        Arc::clone(counters),
        options.test_transaction,
    );
    deadpool::managed::Pool::builder(manager)
        .max_size(max_size)
        // The connection that was used last has the most prepared statements.
        .queue_mode(QueueMode::Lifo)
        .wait_timeout(Some(options.wait_timeout()))
        .runtime(deadpool::Runtime::Tokio1)
        .build()
        .expect("a runtime is given, which is all that timeouts need")
}
