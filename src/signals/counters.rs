//! The figures of one pool.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};

use super::{DurationCounts, Hearing, RetirementCounts, Span, TenantCounts};
use crate::SchemaName;

/// Counts what happens in one pool. Its connections' manager and its listener count here as well.
#[derive(Default)]
pub(crate) struct Counters {
    /// The database's name, as spans and metrics show it.
    pub(crate) database: Arc<str>,
    /// Checkouts for a tenant.
    pub(crate) tenants: TenantCounts,
    /// Checkouts for no tenant.
    pub(crate) shared: AtomicU64,
    /// Checkouts for which there was no connection in time.
    pub(crate) exhausted: AtomicU64,
    /// Checkouts that failed for any other reason.
    pub(crate) failed: AtomicU64,
    /// How long checkouts waited for a connection, of those that had to.
    pub(crate) waits: DurationCounts,
    /// How long checkouts waited for their tenant's share.
    pub(crate) share_waits: DurationCounts,
    pub(crate) retired: RetirementCounts,
    /// How long it took to migrate a schema.
    pub(crate) migrations: DurationCounts,
    pub(crate) failed_migrations: AtomicU64,
    pub(crate) hearing: Hearing,
}

impl Counters {
    pub(crate) fn of(database: &str) -> Arc<Self> {
        Arc::new(Self {
            database: database.into(),
            ..Self::default()
        })
    }

    /// Counts a connection that was handed out.
    pub(crate) fn checked_out(&self, tenant: Option<&SchemaName>) {
        match tenant {
            Some(tenant) => self.tenants.add(tenant),
            None => _ = self.shared.fetch_add(1, Relaxed),
        }
    }

    /// Counts a checkout that failed.
    pub(crate) fn not_checked_out(&self, was_in_vain: bool) {
        let count = match was_in_vain {
            true => &self.exhausted,
            false => &self.failed,
        };
        count.fetch_add(1, Relaxed);
    }

    /// Migrates a schema within a span, and counts how long that takes.
    pub(crate) async fn migrating<T, E>(
        &self,
        system: &'static str,
        schema: &SchemaName,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let done = {
            let _timer = self.migrations.time();
            Span::migration(system, schema).run(work).await
        };
        self.note_migration(done)
    }

    /// The same on a thread.
    #[cfg(feature = "sqlite")]
    pub(crate) fn migrating_here<T, E>(
        &self,
        system: &'static str,
        schema: &SchemaName,
        work: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        let done = {
            let span = Span::migration(system, schema);
            let _within = (self.migrations.time(), span.enter());
            work()
        };
        self.note_migration(done)
    }

    fn note_migration<T, E>(&self, done: Result<T, E>) -> Result<T, E> {
        if done.is_err() {
            self.failed_migrations.fetch_add(1, Relaxed);
        }
        done
    }
}
