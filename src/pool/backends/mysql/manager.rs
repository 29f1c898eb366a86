use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use deadpool::managed::{self, Metrics, QueueMode, RecycleResult};
use diesel_async::{AsyncMysqlConnection, SimpleAsyncConnection};
use tokio::runtime::{self, Handle};

#[cfg(feature = "testing")]
use crate::pool::test_instrumentation::TestInstrumentation;
use crate::{
    TenantConnection,
    backend::mysql::connecting::{Connector, MysqlConnectError},
    pool::{
        backends::recycle::{Limits, Test, counted, last_used},
        options::Options,
    },
    query::Sharing,
    signals::{Counters, Retirement},
    translate::SchemaTranslateMap,
};

pub(super) type Connection = TenantConnection<AsyncMysqlConnection>;

/// Opens connections for the pool, and decides which of them are kept.
pub(crate) struct Manager {
    connector: Arc<Connector>,
    limits: Limits,
    /// How many connections the pool has at most.
    max_size: usize,
    /// The connection with which `build` checked the server, and the runtime in which it was opened, until the first
    /// checkout takes it.
    first: Mutex<Option<(Box<AsyncMysqlConnection>, runtime::Id)>>,
    test: Test,
    counters: Arc<Counters>,
    #[cfg(feature = "testing")]
    pub(crate) test_instrumentation: TestInstrumentation,
}

impl Manager {
    /// What is counted of its connections.
    pub(super) fn counters(&self) -> &Arc<Counters> {
        &self.counters
    }

    /// Opens a connection ahead of the first checkout.
    pub(super) async fn warm_up(&self) -> Result<(), MysqlConnectError> {
        let connection = self.connector.connect().await?;
        *self.first() = Some((Box::new(connection), Handle::current().id()));
        Ok(())
    }

    /// Closes that connection, if nobody has asked for it yet.
    pub(crate) fn forget_first(&self) {
        self.first().take();
    }

    /// That connection, unless another runtime opened it: it would end with that one.
    fn take_first(&self) -> Option<Box<AsyncMysqlConnection>> {
        let (first, runtime) = self.first().take()?;
        (runtime == Handle::current().id()).then_some(first)
    }

    fn first(&self) -> MutexGuard<'_, Option<(Box<AsyncMysqlConnection>, runtime::Id)>> {
        self.first.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many statements a connection keeps prepared. There are as many connections that only read, and a third of what
    /// the server has room for is left to other processes, and to statements that are used once.
    fn most_prepared(&self) -> usize {
        let share = self.connector.most_prepared() / 3 / self.max_size;
        self.limits.max_statements.min(share)
    }
}

impl managed::Manager for Manager {
    /// In a box, because it is large and is moved at each checkout.
    type Type = Box<Connection>;
    type Error = MysqlConnectError;

    async fn create(&self) -> Result<Box<Connection>, MysqlConnectError> {
        #[cfg_attr(not(feature = "testing"), expect(unused_mut, reason = "only tests listen to it"))]
        let mut connection = match self.take_first() {
            Some(connection) => *connection,
            None => Box::pin(self.connector.connect()).await?,
        };
        #[cfg(feature = "testing")]
        self.test_instrumentation.apply(&mut connection);
        let map = SchemaTranslateMap::new();
        let mut connection = TenantConnection::shared(connection, map, Sharing::InTurn);
        connection.limit_prepared(self.most_prepared());
        connection
            .session
            .set_undone_by_timeouts(self.connector.rollback_on_timeout());
        Ok(Box::new(connection))
    }

    async fn recycle(&self, connection: &mut Box<Connection>, metrics: &Metrics) -> RecycleResult<MysqlConnectError> {
        counted(self.test(connection, metrics).await, &self.counters)
    }
}

impl Manager {
    /// Refuses a connection that must not be handed out again.
    async fn test(&self, connection: &mut Connection, metrics: &Metrics) -> Result<(), Retirement> {
        let limits = &self.limits;
        let now = Instant::now();
        limits.check(now, metrics, connection.tenants())?;
        // Only with the connection does the server close them. A new one costs as much as some ten queries.
        if connection.is_full_of_statements() {
            return Err(Retirement::Statements);
        }
        let used = last_used(metrics);
        // The driver doesn't tell whether its socket is closed, so a failed statement has the connection tested.
        if connection.session.take_doubt() || limits.recycling.tests(now - used) {
            let ping = connection.untranslated().batch_execute("DO 0");
            Box::pin(self.test.ask(now, used, limits, ping)).await?;
        }
        Ok(())
    }
}

/// A pool of connections, none of which is open yet.
pub(super) fn connections(
    connector: Arc<Connector>,
    max_size: usize,
    options: &Options,
    counters: &Arc<Counters>,
) -> managed::Pool<Manager> {
    let manager = Manager {
        connector,
        limits: Limits::of(options),
        max_size,
        first: Mutex::new(None),
        test: Test::default(),
        counters: Arc::clone(counters),
        #[cfg(feature = "testing")]
        test_instrumentation: TestInstrumentation::default(),
    };
    managed::Pool::builder(manager)
        .max_size(max_size)
        // The connection that was used last has the most prepared statements.
        .queue_mode(QueueMode::Lifo)
        .wait_timeout(Some(options.wait_timeout()))
        .runtime(deadpool::Runtime::Tokio1)
        .build()
        .expect("a runtime is given, which is all that timeouts need")
}
