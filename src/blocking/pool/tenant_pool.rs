use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    thread,
    time::Duration,
};

use diesel::{
    connection::LoadConnection,
    pg::Pg,
    r2d2::{self, R2D2Connection},
};
use tokio::sync::OwnedSemaphorePermit;

use super::{TenantPoolBuilder, background::Background, manager::Manager};
use crate::{
    CheckoutError, SchemaName,
    backend::postgres::ConnectError,
    pool::{Deadline, PoolStatus, Target, WaitingCheckout},
};

/// One pool of Diesel's own connections for all tenants. See the [module](crate::blocking).
///
/// Cloning is cheap: clones share their connections. The last clone that is dropped closes them.
///
/// ```no_run
/// use diesel::prelude::*;
/// use diesel_tenants::blocking::TenantPool;
/// # use diesel_tenants::blocking::PostgresConnection as PgConnection;
///
/// diesel::table! { orders (id) { id -> Integer } }
///
/// # fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let pool = TenantPool::<PgConnection>::builder("postgres://localhost/store").max_size(16).build()?;
/// let mut conn = pool.for_tenant("client1").get()?;
/// let orders: i64 = orders::table.count().get_result(&mut conn)?;
/// # Ok(())
/// # }
/// ```
pub struct TenantPool<C>(pub(super) Arc<Inner<C>>)
where
    C: R2D2Connection + LoadConnection<Backend = Pg> + 'static;

pub(super) struct Inner<C>
where
    C: R2D2Connection + LoadConnection<Backend = Pg> + 'static,
{
    connections: r2d2::Pool<Manager<C>>,
    /// The async pool, for all that is not a checkout's queries.
    tenants: crate::TenantPool,
    /// Runs the async pool. Dropped after everything that needs it.
    background: Background,
    /// How many checkouts are waiting.
    waiting: AtomicUsize,
}

impl<C> Inner<C>
where
    C: R2D2Connection + LoadConnection<Backend = Pg> + 'static,
{
    pub(super) fn new(connections: r2d2::Pool<Manager<C>>, tenants: crate::TenantPool, background: Background) -> Self {
        Self {
            connections,
            tenants,
            background,
            waiting: AtomicUsize::new(0),
        }
    }
}

impl<C> Drop for Inner<C>
where
    C: R2D2Connection + LoadConnection<Backend = Pg> + 'static,
{
    fn drop(&mut self) {
        // r2d2's threads and checkouts may keep it a little longer.
        self.tenants.close();
    }
}

/// # Building
impl<C> TenantPool<C>
where
    C: R2D2Connection + LoadConnection<Backend = Pg> + 'static,
{
    /// Starts a pool for the database at `database_url`: `postgres://user:password@host:5432/database`.
    pub fn builder(database_url: impl Into<String>) -> TenantPoolBuilder<C> {
        TenantPoolBuilder::new(database_url.into())
    }
}

/// # The pool itself
impl<C> TenantPool<C>
where
    C: R2D2Connection + LoadConnection<Backend = Pg> + 'static,
{
    /// The async pool in the background: it knows the tenants, migrates them, and reads the directory. It has
    /// connections of its own, and can be used from any runtime, as by this library's support of
    /// [web frameworks](crate::web).
    pub fn as_async(&self) -> &crate::TenantPool {
        &self.0.tenants
    }

    /// Runs something on the async pool in the background, and waits for it: whatever this pool has no method for.
    ///
    /// ```no_run
    /// # use diesel_tenants::blocking::PostgresConnection as PgConnection;
    /// # fn run(pool: diesel_tenants::blocking::TenantPool<PgConnection>) -> Result<(), Box<dyn std::error::Error>> {
    /// pool.run(|pool| async move { pool.clone_tenant("client1", "client2").await })?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// It blocks the thread, and works wherever that is allowed. On the worker of an async runtime it blocks that
    /// worker, as each query on a connection without async does.
    ///
    /// # Panics
    /// If `work` panics, and on the pool's own thread, where hooks and directories run: there, use the async pool, or
    /// `spawn_blocking`.
    pub fn run<T, F>(&self, work: impl FnOnce(crate::TenantPool) -> F) -> T
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        self.0.background.run(work(self.0.tenants.clone()))
    }

    /// Counts the pool's connections, without those of the async pool.
    pub fn status(&self) -> PoolStatus {
        let r2d2::State {
            connections,
            idle_connections,
            ..
        } = self.0.connections.state();
        PoolStatus {
            max_size: self.0.connections.max_size() as usize,
            size: connections as usize,
            available: idle_connections as usize,
            waiting: self.0.waiting.load(Relaxed),
        }
    }

    pub(super) fn wait_timeout(&self) -> Duration {
        self.0.tenants.wait_timeout()
    }

    /// A connection for pinned tables only, which every connection in the pool is until it gets a map.
    pub(super) fn slot(
        &self,
        target: &Target,
        deadline: Deadline,
    ) -> Result<r2d2::PooledConnection<Manager<C>>, CheckoutError> {
        loop {
            let left = deadline.left();
            let Some(mut slot) = self.free_or_awaited(left) else {
                let target = target.clone();
                let waited = deadline.limit();
                let PoolStatus { max_size, size, .. } = self.status();
                return Err(match size < max_size {
                    true => CheckoutError::ConnectionTimeout { target, waited },
                    false => CheckoutError::Exhausted {
                        target,
                        waited,
                        max_size,
                    },
                });
            };
            match slot.take_error() {
                None => return Ok(slot),
                // The pool may be larger than what the server has room for. A connection may come back, or the server
                // may get room.
                Some(error) if is_for_want_of_room(&error) && left > PAUSE => {
                    drop(slot);
                    thread::sleep(PAUSE);
                }
                Some(source) => {
                    return Err(CheckoutError::Connect {
                        target: target.clone(),
                        source,
                    });
                }
            }
        }
    }

    fn free_or_awaited(&self, left: Duration) -> Option<r2d2::PooledConnection<Manager<C>>> {
        self.0.connections.try_get().or_else(|| {
            let _waiting = WaitingCheckout::begin(&self.0.waiting);
            self.0.connections.get_timeout(left.min(LONGEST)).ok()
        })
    }

    /// Waits until the tenant has fewer connections than it may have, if there is a limit.
    pub(super) fn take_share(
        &self,
        tenant: &SchemaName,
        deadline: Deadline,
    ) -> Result<Option<OwnedSemaphorePermit>, CheckoutError> {
        if self.0.tenants.shares().is_none() {
            return Ok(None);
        }
        let tenant = tenant.clone();
        let left = deadline.left();
        self.run(move |pool| async move {
            let shares = pool.shares().expect("a pool keeps its limit");
            shares.take(&tenant, left).await.map(Some)
        })
    }
}

/// A time after which r2d2 can still say when it is over: a hundred years.
const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// How long a checkout waits until it tries again to connect to a server that has no room.
const PAUSE: Duration = Duration::from_millis(50);

/// Whether the server has no room for one more connection. Drivers tell only the server's message.
fn is_for_want_of_room(error: &ConnectError) -> bool {
    let ConnectError::Setup { source, .. } = error else {
        return false;
    };
    let message = source.to_string();
    message.contains("too many c") || message.contains("remaining connection slots")
}

impl<C> Clone for TenantPool<C>
where
    C: R2D2Connection + LoadConnection<Backend = Pg> + 'static,
{
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<C> fmt::Debug for TenantPool<C>
where
    C: R2D2Connection + LoadConnection<Backend = Pg> + 'static,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TenantPool")
            .field("status", &self.status())
            .finish_non_exhaustive()
    }
}
