//! What a pool of files holds.

use std::{
    sync::{Arc, atomic::AtomicUsize},
    time::Duration,
};

use tokio::{sync::Semaphore, task::AbortHandle};

use super::{Sqlite, idle::Idle, known::KnownFiles};
use crate::{TenantPool, backend::sqlite::files::Folder};

/// What a pool for SQLite holds.
pub struct SqlitePool {
    pub(crate) folder: Arc<Folder>,
    pub(crate) known: KnownFiles,
    pub(crate) idle: Arc<Idle>,
    /// As many permits as there may be connections in use.
    pub(crate) permits: Arc<Semaphore>,
    pub(crate) max_size: usize,
    pub(crate) waiting: AtomicUsize,
    /// How long a statement waits for another connection's locks.
    pub(crate) busy_timeout: Duration,
    /// The task that looks at what other processes do.
    pub(crate) watch: AbortHandle,
}

impl TenantPool<Sqlite> {
    pub(crate) fn sqlite(&self) -> &SqlitePool {
        &self.0.backend
    }

    pub(crate) fn folder(&self) -> Arc<Folder> {
        Arc::clone(&self.sqlite().folder)
    }
}

impl Drop for SqlitePool {
    fn drop(&mut self) {
        self.watch.abort();
    }
}
