//! What a pool of files holds.

use std::{sync::Arc, time::Duration};

use tokio::task::AbortHandle;

use super::{
    Sqlite,
    idle::{Idle, KeepsIdle},
    known_files::KnownFiles,
    permits::Permits,
};
use crate::{AsyncSqliteConnection, SchemaName, TenantPool, backend::sqlite::files::Folder};

/// What a pool for SQLite holds.
pub struct SqlitePool {
    pub(crate) folder: Arc<Folder>,
    pub(crate) known: KnownFiles,
    pub(crate) idle: Arc<Idle<AsyncSqliteConnection>>,
    /// Connections of another pool to the same files, which asks this one to have them closed when that is needed.
    pub(crate) others_idle: Option<Arc<dyn KeepsIdle>>,
    pub(crate) permits: Permits,
    /// How long a statement waits for another connection's locks.
    pub(crate) busy_timeout: Duration,
    /// The task that looks at what other processes do.
    pub(crate) watch: AbortHandle,
    #[cfg(feature = "testing")]
    pub(crate) test_instrumentation: crate::pool::test_instrumentation::TestInstrumentation,
}

impl TenantPool<Sqlite> {
    pub(crate) fn sqlite(&self) -> &SqlitePool {
        &self.0.backend
    }

    pub(crate) fn folder(&self) -> Arc<Folder> {
        Arc::clone(&self.sqlite().folder)
    }
}

impl SqlitePool {
    /// Closes the idle connections to the files of these tenants.
    pub(crate) fn release(&self, tenants: &[SchemaName]) {
        self.idle.release(tenants);
        if let Some(others) = &self.others_idle {
            others.release(tenants);
        }
    }
}

impl Drop for SqlitePool {
    fn drop(&mut self) {
        self.watch.abort();
    }
}
