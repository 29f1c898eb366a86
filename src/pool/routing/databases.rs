//! Further databases: each has a pool of its own, opened when it is first needed.

use std::{
    collections::{HashMap, HashSet},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::{Duration, Instant},
};

use futures_core::future::BoxFuture;
use tokio::sync::OnceCell;

use crate::pool::{BuildError, DatabaseError, deadline::Deadline};

/// Opens the pool of a database, by its URL.
pub(crate) type OpenPool<P> = dyn Fn(<P as Pool>::Url) -> BoxFuture<'static, Result<P, BuildError>> + Send + Sync;

/// What is opened for each database.
pub(crate) trait Pool: Clone + Send + Sync + 'static {
    /// What leads to a database of this kind.
    type Url: Clone + Send + Sync + 'static;

    /// Whether no connection is in use, awaited, or about to be asked for.
    fn is_idle(&self) -> bool;

    /// Closes free connections at once, and the connections in use when they come back.
    fn close(&self);
}

/// Finds the URL of a database by its name.
pub(crate) type FindUrl<U> = dyn Fn(&str) -> BoxFuture<'static, Option<U>> + Send + Sync;

/// Further databases behind a pool: each gets a pool of its own when it is first needed. The pool is closed when it was
/// unused for long enough.
pub(crate) struct Databases<P: Pool> {
    declared: HashMap<String, P::Url>,
    /// Which of the declared ones have nothing to do with tenants.
    without_tenants: HashSet<String>,
    find: Option<Arc<FindUrl<P::Url>>>,
    limits: DatabaseLimits,
    wait_timeout: Duration,
    open_pool: Arc<OpenPool<P>>,
    open: Mutex<AllOpen<P>>,
}

struct AllOpen<P> {
    pools: HashMap<Arc<str>, Open<P>>,
    /// Whether the task runs that closes idle databases.
    is_watched: bool,
}

struct Open<P> {
    /// Empty while the first connection is being made.
    pool: Arc<OnceCell<P>>,
    used: Instant,
}

impl<P: Pool> Open<P> {
    /// Whether no connection is in use, or about to be asked for.
    fn is_idle(&self) -> bool {
        Arc::strong_count(&self.pool) == 1 && self.pool.get().is_none_or(P::is_idle)
    }
}

/// How many connections to further databases there may be.
#[derive(Debug, Clone, Copy)]
pub struct DatabaseLimits {
    pub(crate) databases: usize,
    pub(crate) connections: usize,
    pub(crate) idle: Duration,
}

impl Default for DatabaseLimits {
    fn default() -> Self {
        Self {
            databases: 20,
            connections: 5,
            idle: Duration::from_secs(300),
        }
    }
}

impl DatabaseLimits {
    /// The default limits.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many databases are connected to at a time, at most; at least one. Default: 20. To connect to one more, the
    /// pool closes the database that was unused longest; while all are in use, a checkout waits.
    #[must_use]
    pub fn databases(self, databases: usize) -> Self {
        Self {
            databases: databases.max(1),
            ..self
        }
    }

    /// How many connections to each database, at most; at least one. Default: 5.
    #[must_use]
    pub fn connections(self, connections: usize) -> Self {
        Self {
            connections: connections.max(1),
            ..self
        }
    }

    /// How long a database may be unused before its connections are closed. Default: 5 minutes.
    #[must_use]
    pub fn idle(self, idle: Duration) -> Self {
        Self {
            idle: idle.max(Duration::from_millis(10)),
            ..self
        }
    }
}

impl<P: Pool> Databases<P> {
    pub(crate) fn new(
        declared: HashMap<String, P::Url>,
        without_tenants: HashSet<String>,
        find: Option<Arc<FindUrl<P::Url>>>,
        limits: DatabaseLimits,
        wait_timeout: Duration,
        open_pool: Arc<OpenPool<P>>,
    ) -> Arc<Self> {
        Arc::new(Self {
            declared,
            without_tenants,
            find,
            limits,
            wait_timeout,
            open_pool,
            open: Mutex::new(AllOpen {
                pools: HashMap::new(),
                is_watched: false,
            }),
        })
    }

    /// The pool of a database, which is opened if necessary.
    pub(crate) async fn get(self: &Arc<Self>, database: &Arc<str>, deadline: Deadline) -> Result<P, DatabaseError> {
        self.get_at(database, self.url(database), deadline).await
    }

    /// Like [`get`](Self::get), with a URL that is looked up only if the database must be opened.
    pub(crate) async fn get_at(
        self: &Arc<Self>,
        database: &Arc<str>,
        url: impl Future<Output = Result<P::Url, DatabaseError>>,
        deadline: Deadline,
    ) -> Result<P, DatabaseError> {
        if let Some(pool) = self.opened(database) {
            return Ok(pool);
        }
        let url = url.await?;
        let waited = self.wait_timeout.min(deadline.left());
        let cell = tokio::time::timeout(waited, self.room(database))
            .await
            .map_err(|_| DatabaseError::TooMany {
                database: database.to_string(),
                limit: self.limits.databases,
                waited,
            })?;
        let open = || (self.open_pool)(url);
        let pool = match deadline.bound(cell.get_or_try_init(open)).await {
            Some(opened) => opened.map_err(|source| DatabaseError::Open {
                database: database.to_string(),
                source,
            }),
            None => Err(DatabaseError::Slow {
                database: database.to_string(),
                waited: deadline.limit(),
            }),
        };
        if pool.is_err() {
            self.lock()
                .pools
                .retain(|name, open| name != database || open.pool.get().is_some());
        }
        pool.cloned()
    }

    /// The pool of a database, if it is open.
    pub(crate) fn opened(&self, database: &Arc<str>) -> Option<P> {
        self.lock().pools.get_mut(database).and_then(Open::take_up)
    }

    /// The pools that are open, by their names. None counts as used by that.
    pub(crate) fn all_open(&self) -> Vec<(Arc<str>, P)> {
        let all = self.lock();
        let open = all.pools.iter();
        let open = open.filter_map(|(name, open)| Some((Arc::clone(name), open.pool.get()?.clone())));
        let mut open: Vec<_> = open.collect();
        open.sort_by(|(one, _), (other, _)| one.cmp(other));
        open
    }

    /// The URL of a database: declared, or found by the application's function.
    pub(crate) async fn url(&self, database: &str) -> Result<P::Url, DatabaseError> {
        let declared = self.declared.get(database).cloned();
        let url = match (declared, &self.find) {
            (None, Some(find)) => find(database).await,
            (declared, _) => declared,
        };
        url.ok_or_else(|| {
            let mut declared: Vec<String> = self.declared.keys().cloned().collect();
            declared.sort();
            DatabaseError::Undeclared {
                database: database.to_owned(),
                declared,
            }
        })
    }

    /// The names of the declared databases in which tenants may live.
    pub(crate) fn names_with_tenants(&self) -> impl Iterator<Item = String> {
        let names = self.declared.keys();
        names.filter(|name| !self.without_tenants.contains(*name)).cloned()
    }

    /// Waits until one more database may be open.
    async fn room(self: &Arc<Self>, database: &Arc<str>) -> Arc<OnceCell<P>> {
        loop {
            {
                let mut all = self.lock();
                let is_full = all.pools.len() >= self.limits.databases && !all.pools.contains_key(database);
                let longest_unused = || {
                    let idle = all.pools.iter().filter(|(_, open)| open.is_idle());
                    idle.min_by_key(|(_, open)| open.used).map(|(name, _)| Arc::clone(name))
                };
                let makes_room = is_full.then(longest_unused).flatten();
                if let Some(name) = &makes_room {
                    all.pools.remove(name);
                }
                if !is_full || makes_room.is_some() {
                    if !all.is_watched {
                        all.is_watched = true;
                        tokio::spawn(close_idle(Arc::downgrade(self), self.limits.idle));
                    }
                    let place = all.pools.entry(Arc::clone(database)).or_insert_with(|| Open {
                        pool: Arc::default(),
                        used: Instant::now(),
                    });
                    place.used = Instant::now();
                    return Arc::clone(&place.pool);
                }
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Closes all databases. Connections in use are closed when they come back.
    pub(crate) fn close(&self) {
        for (_, open) in self.lock().pools.drain() {
            if let Some(pool) = open.pool.get() {
                pool.close();
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, AllOpen<P>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<P: Pool> Open<P> {
    fn take_up(&mut self) -> Option<P> {
        self.used = Instant::now();
        self.pool.get().cloned()
    }
}

/// Closes each database that was unused for `idle`, until no database is open.
async fn close_idle<P: Pool>(databases: Weak<Databases<P>>, idle: Duration) {
    loop {
        tokio::time::sleep(idle / 2).await;
        let Some(databases) = databases.upgrade() else { return };
        let mut all = databases.lock();
        all.pools
            .retain(|_, open| !open.is_idle() || open.used.elapsed() < idle);
        if all.pools.is_empty() {
            all.is_watched = false;
            return;
        }
    }
}

impl<P: Pool> fmt::Debug for Databases<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the URLs: they may hold passwords.
        f.debug_struct("Databases")
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}
