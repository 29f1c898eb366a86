use std::time::Duration;

use diesel_tenants::{
    Backend,
    migrations::{FleetEvent, FleetMigration},
};

/// How migrations of tenants are run, and who is told.
#[derive(Clone, Copy)]
pub struct FleetRun<'a> {
    /// All tenants, if none is named.
    pub only: &'a [String],
    pub canaries: &'a [String],
    pub workers: usize,
    pub keep_going: bool,
    pub dry_run: bool,
    // What only PostgreSQL has, and is never set elsewhere.
    pub lock_timeout: Option<Duration>,
    pub lock_attempts: Option<u32>,
    pub statements_per_connection: Option<usize>,
    pub watcher: &'a (dyn Fn(FleetEvent<'_>) + Send + Sync),
    pub stop: &'a (dyn Fn() -> bool + Send + Sync),
}

impl<'a> FleetRun<'a> {
    /// A migration with the options that all databases have.
    pub(super) fn apply<S, B: Backend>(&self, migration: FleetMigration<'a, S, B>) -> FleetMigration<'a, S, B> {
        let mut migration = migration
            .canaries(self.canaries)
            .workers(self.workers)
            .stop_when(self.stop)
            .on_progress(self.watcher);
        if !self.only.is_empty() {
            migration = migration.only(self.only);
        }
        if self.keep_going {
            migration = migration.keep_going();
        }
        if self.dry_run {
            migration = migration.dry_run();
        }
        migration
    }
}
