//! What a pool for MySQL holds.

use std::sync::Arc;

use tokio::task::AbortHandle;

use super::{Mysql, known::KnownDatabases, manager::Manager};
use crate::{TenantPool, backend::mysql::connecting::Connector};

/// What a pool for MySQL holds.
pub struct MysqlPool {
    pub(crate) connections: deadpool::managed::Pool<Manager>,
    /// Connections on which the server refuses writes.
    pub(crate) readers: deadpool::managed::Pool<Manager>,
    #[expect(dead_code, reason = "for connections that the pool doesn't hand out")]
    pub(crate) connector: Arc<Connector>,
    pub(crate) known: Arc<KnownDatabases>,
    /// The task that hears what other processes do.
    pub(crate) watch: AbortHandle,
}

impl Drop for MysqlPool {
    fn drop(&mut self) {
        self.watch.abort();
    }
}

impl TenantPool<Mysql> {
    pub(crate) fn mysql(&self) -> &MysqlPool {
        &self.0.backend
    }
}
