//! The figures of a pool, as values.

use std::sync::atomic::Ordering::Relaxed;

use super::{Backend, PoolStatus, TenantPool};
use crate::{
    SchemaName,
    query::{RefusalStatistics, finished_statistics, refusal_statistics},
    signals::{Counters, Durations, ListenerStatistics, Retirements},
    translate::{CacheStatistics, template_statistics},
};

/// How many tenants [`CheckoutStatistics::busiest`] lists.
pub(crate) const BUSIEST: usize = 20;

/// What happened in a pool since it was built; returned by [`TenantPool::statistics`].
///
/// The figures are read one after the other, while others change them: a sum may be off by what happened in between.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct PoolStatistics {
    /// The pool's own database first, then the others to which connections are open now.
    pub databases: Vec<DatabaseStatistics>,
    /// The checkouts.
    pub checkouts: CheckoutStatistics,
    /// The caches.
    pub caches: PoolCaches,
    /// The statements that were not sent, in the whole process.
    pub refusals: RefusalStatistics,
    /// How long it took to migrate a schema: the shared one, or a tenant's. Creating a tenant is not among them.
    pub migrations: Durations,
    /// How many of these failed.
    pub failed_migrations: u64,
    /// How the pool hears of what other processes do to tenants; `None` if it doesn't listen.
    pub listener: Option<ListenerStatistics>,
}

/// The connections to one database.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct DatabaseStatistics {
    /// The database's name: of the pool's own database as its URL has it (on SQLite the folder's name, on MySQL the
    /// shared schema's), of others as they were declared. Names with `read-only` or `replica 1` at their end are those
    /// whose connections only read.
    pub name: String,
    /// How many connections there are now.
    pub status: PoolStatus,
    /// How long checkouts waited for a connection (only those that had to wait).
    pub waits: Durations,
    /// How long checkouts waited because their tenant had as many connections as it
    /// [may have](crate::TenantPoolBuilder::max_per_tenant).
    pub share_waits: Durations,
    /// The connections that were closed.
    pub retired: Retirements,
}

/// The checkouts of a pool, wherever the tenants live. What the library checks out for its own work is not counted.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct CheckoutStatistics {
    /// Checkouts for the tenants that have the most, the busiest first.
    pub busiest: Vec<(SchemaName, u64)>,
    /// Checkouts for all other tenants.
    pub others: u64,
    /// Checkouts for no tenant: shared tables, and maps.
    pub shared: u64,
    /// Checkouts that got no connection in time, because all were in use.
    pub exhausted: u64,
    /// Checkouts that failed for another reason: the tenant is unknown or suspended, the server can't be reached.
    pub failed: u64,
}

/// The caches behind a pool.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct PoolCaches {
    /// Analysed statements, of the whole process.
    pub templates: CacheStatistics,
    /// Finished texts, of the whole process.
    pub finished: CacheStatistics,
    /// Tenants' schemas, files or databases, in the pool's own database.
    pub tenants: CacheStatistics,
    /// The directory's answers about tenants; `None` without a directory.
    pub directory: Option<CacheStatistics>,
}

impl DatabaseStatistics {
    pub(crate) fn of(name: &str, status: PoolStatus, counters: &Counters) -> Self {
        Self {
            name: name.to_owned(),
            status,
            waits: counters.waits.read(),
            share_waits: counters.share_waits.read(),
            retired: counters.retired.read(),
        }
    }
}

/// # The figures of a pool
impl<B: Backend> TenantPool<B> {
    /// What happened in this pool since it was built, and how many connections it has now. With the feature `metrics`,
    /// a recorder gets the same figures by itself.
    ///
    /// ```no_run
    /// # fn run(pool: diesel_tenants::TenantPool) {
    /// let statistics = pool.statistics();
    /// for database in &statistics.databases {
    ///     println!("{}: {} of {} connections are free", database.name, database.status.available, database.status.size);
    /// }
    /// for (tenant, checkouts) in &statistics.checkouts.busiest {
    ///     println!("{tenant}: {checkouts} checkouts");
    /// }
    /// # }
    /// ```
    pub fn statistics(&self) -> PoolStatistics {
        let counters = self.counters();
        let busiest = counters.tenants.largest(BUSIEST);
        let listed: u64 = busiest.iter().map(|(_, checkouts)| checkouts).sum();
        PoolStatistics {
            databases: B::databases(self),
            checkouts: CheckoutStatistics {
                others: counters.tenants.total().saturating_sub(listed),
                busiest,
                shared: counters.shared.load(Relaxed),
                exhausted: counters.exhausted.load(Relaxed),
                failed: counters.failed.load(Relaxed),
            },
            caches: PoolCaches {
                templates: template_statistics(),
                finished: finished_statistics(),
                tenants: B::known_tenants(self),
                directory: self.remembered().map(|remembered| remembered.known.statistics()),
            },
            refusals: refusal_statistics(),
            migrations: counters.migrations.read(),
            failed_migrations: counters.failed_migrations.load(Relaxed),
            listener: counters.hearing.read(),
        }
    }
}
