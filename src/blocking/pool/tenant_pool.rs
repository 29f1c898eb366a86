use std::{fmt, sync::Arc, time::Duration};

use tokio::sync::OwnedSemaphorePermit;

use super::{Backend, TenantPoolBuilder, background::Background};
use crate::{
    CheckoutError,
    pool::{Deadline, PoolStatistics, PoolStatus, Target},
};

/// One pool of connections without async for all tenants. See the [module](crate::blocking).
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
pub struct TenantPool<B: Backend>(pub(super) Arc<Inner<B>>);

pub(super) struct Inner<B: Backend> {
    pub(super) connections: B::Pool,
    /// The async pool, for all that is not a checkout's queries.
    tenants: crate::TenantPool<B::Database>,
    /// Runs the async pool. Dropped after everything that needs it.
    background: Background,
}

impl<B: Backend> Inner<B> {
    pub(super) fn new(connections: B::Pool, tenants: crate::TenantPool<B::Database>, background: Background) -> Self {
        Self {
            connections,
            tenants,
            background,
        }
    }
}

impl<B: Backend> Drop for Inner<B> {
    fn drop(&mut self) {
        B::close(&self.connections);
        // Threads of the connections and checkouts may keep it a little longer.
        self.tenants.close();
    }
}

/// # Building
impl<B: Backend> TenantPool<B> {
    /// Starts a pool for the database at this address: a URL of PostgreSQL,
    /// `postgres://user:password@host:5432/database`, or a `SqliteFolder`.
    pub fn builder(address: impl Into<B::Address>) -> TenantPoolBuilder<B> {
        TenantPoolBuilder::new(address.into())
    }
}

/// # The pool itself
impl<B: Backend> TenantPool<B> {
    /// The async pool in the background: it knows the tenants, migrates them, and reads the directory. It has
    /// connections of its own, and can be used from any runtime, as by this library's support of
    /// [web frameworks](crate::web).
    pub fn as_async(&self) -> &crate::TenantPool<B::Database> {
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
    pub fn run<T, F>(&self, work: impl FnOnce(crate::TenantPool<B::Database>) -> F) -> T
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        self.0.background.run(work(self.0.tenants.clone()))
    }

    /// Counts the pool's connections, without those of the async pool.
    pub fn status(&self) -> PoolStatus {
        B::status(self)
    }

    /// What happened in this pool since it was built, like [`TenantPool::statistics`](crate::TenantPool::statistics):
    /// the first database's figures are those of this pool's connections. What the async pool in the background checked
    /// out is counted too.
    pub fn statistics(&self) -> PoolStatistics {
        let mut statistics = self.as_async().statistics();
        if let Some(own) = statistics.databases.first_mut() {
            own.status = self.status();
            own.retired = B::retired(self);
        }
        statistics
    }

    pub(super) fn wait_timeout(&self) -> Duration {
        self.0.tenants.wait_timeout()
    }

    /// Waits until the tenant has fewer connections than it may have, if there is a limit.
    pub(super) fn take_share(
        &self,
        target: &Target,
        deadline: Deadline,
    ) -> Result<Option<OwnedSemaphorePermit>, CheckoutError> {
        let (Some(_), Target::Tenant(tenant)) = (self.0.tenants.shares(), target) else {
            return Ok(None);
        };
        let tenant = tenant.clone();
        let left = deadline.left();
        self.run(move |pool| async move {
            let shares = pool.shares().expect("a pool keeps its limit");
            shares.take(&tenant, left, &pool.counters().share_waits).await.map(Some)
        })
    }
}

impl<B: Backend> Clone for TenantPool<B> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<B: Backend> fmt::Debug for TenantPool<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TenantPool")
            .field("status", &self.status())
            .finish_non_exhaustive()
    }
}
