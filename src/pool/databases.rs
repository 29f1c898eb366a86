use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::{Duration, Instant},
};

use futures_core::future::BoxFuture;
use tokio::sync::OnceCell;

use super::{BuildError, TenantPool, TenantPoolBuilder, deadline::Deadline, options::Options};

/// Finds the URL of a database by its name.
pub(super) type FindUrl = dyn Fn(&str) -> BoxFuture<'static, Option<String>> + Send + Sync;

/// Further databases behind a pool: each gets a pool of its own when it is needed, and loses it when it isn't any more.
pub(super) struct Databases {
    declared: HashMap<String, String>,
    find: Option<Arc<FindUrl>>,
    limits: DatabaseLimits,
    options: Options,
    open: Mutex<AllOpen>,
}

#[derive(Default)]
struct AllOpen {
    pools: HashMap<Arc<str>, Open>,
    /// Whether somebody sees to it that they are closed again.
    is_watched: bool,
}

struct Open {
    /// Empty while the first connection is being made.
    pool: Arc<OnceCell<TenantPool>>,
    used: Instant,
}

impl Open {
    /// Whether nobody has a connection, or is about to ask for one.
    fn is_idle(&self) -> bool {
        Arc::strong_count(&self.pool) == 1
            && self.pool.get().is_none_or(|pool| {
                let status = pool.status();
                pool.is_only_one() && status.waiting == 0 && status.available == status.size
            })
    }
}

/// How many connections to further databases there may be.
#[derive(Debug, Clone, Copy)]
pub struct DatabaseLimits {
    pub(super) databases: usize,
    pub(super) connections: usize,
    pub(super) idle: Duration,
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

/// Why there is no pool for a database.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DatabaseError {
    /// There is no database of that name.
    #[error(
        "database {database:?} is not declared: add `.database({database:?}, url)` to the pool's builder; declared are {declared:?}"
    )]
    Undeclared {
        /// The name.
        database: String,
        /// The names that are declared, sorted.
        declared: Vec<String>,
    },
    /// The database can't be connected to.
    #[error("can't open database {database:?}")]
    Open {
        /// The name.
        database: String,
        /// Why.
        source: BuildError,
    },
    /// The database's first connection took too long.
    #[error("database {database:?} was not opened within {waited:?}: its server did not answer in time")]
    Slow {
        /// The name.
        database: String,
        /// How long the checkout waited.
        waited: Duration,
    },
    /// As many databases as may be open are in use.
    #[error(
        "database {database:?} was not opened within {waited:?}: all of {limit} databases that may be open are in use; \
         hold connections for a shorter time, or raise `DatabaseLimits::databases`"
    )]
    TooMany {
        /// The name.
        database: String,
        /// How many databases may be open.
        limit: usize,
        /// How long the checkout waited.
        waited: Duration,
    },
}

impl Databases {
    pub(super) fn new(
        declared: HashMap<String, String>,
        find: Option<Arc<FindUrl>>,
        limits: DatabaseLimits,
        options: Options,
    ) -> Arc<Self> {
        Arc::new(Self {
            declared,
            find,
            limits,
            options,
            open: Mutex::default(),
        })
    }

    /// The pool of a database, opened if it isn't.
    pub(super) async fn get(
        self: &Arc<Self>,
        database: &Arc<str>,
        deadline: Deadline,
    ) -> Result<TenantPool, DatabaseError> {
        self.get_at(database, self.url(database), deadline).await
    }

    /// The same, with a URL that is found when it is needed.
    pub(super) async fn get_at(
        self: &Arc<Self>,
        database: &Arc<str>,
        url: impl Future<Output = Result<String, DatabaseError>>,
        deadline: Deadline,
    ) -> Result<TenantPool, DatabaseError> {
        if let Some(pool) = self.opened(database) {
            return Ok(pool);
        }
        let url = url.await?;
        let waited = self.options.wait_timeout.min(deadline.left());
        let cell = tokio::time::timeout(waited, self.room(database))
            .await
            .map_err(|_| DatabaseError::TooMany {
                database: database.to_string(),
                limit: self.limits.databases,
                waited,
            })?;
        let open = || TenantPoolBuilder::with_options(url, self.options.clone(), self.limits.connections).build();
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
    pub(super) fn opened(&self, database: &Arc<str>) -> Option<TenantPool> {
        self.lock().pools.get_mut(database).and_then(Open::take_up)
    }

    /// The URL of a database that was declared, or is found.
    pub(super) async fn url(&self, database: &str) -> Result<String, DatabaseError> {
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

    /// A place for one more database, once there is one.
    async fn room(self: &Arc<Self>, database: &Arc<str>) -> Arc<OnceCell<TenantPool>> {
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

    /// Closes all, those in use when their connections come back.
    pub(super) fn close(&self) {
        for (_, open) in self.lock().pools.drain() {
            if let Some(pool) = open.pool.get() {
                pool.close();
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, AllOpen> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    fn take_up(&mut self) -> Option<TenantPool> {
        self.used = Instant::now();
        self.pool.get().cloned()
    }
}

/// Closes databases that weren't used for so long, until none is open any more.
async fn close_idle(databases: Weak<Databases>, idle: Duration) {
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

impl fmt::Debug for Databases {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the URLs: they may hold passwords.
        f.debug_struct("Databases")
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}
