//! What a pool for MySQL holds.

use std::sync::Arc;

use tokio::task::AbortHandle;

use super::{Mysql, known::KnownDatabases, manager::Manager};
use crate::{
    TenantPool,
    backend::mysql::{Connect, Server, connecting::Connector},
};

/// What a pool for MySQL holds.
pub struct MysqlPool {
    pub(crate) connections: deadpool::managed::Pool<Manager>,
    /// Connections on which the server refuses writes.
    pub(crate) readers: deadpool::managed::Pool<Manager>,
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
    /// The server, for the work that is done to tenants' databases.
    pub(crate) fn mysql_server(&self) -> Server {
        let connector = Arc::clone(&self.mysql().connector);
        let connect: Connect = Arc::new(move || {
            let connector = Arc::clone(&connector);
            Box::pin(async move { connector.connect().await })
        });
        Server::new(connect, self.shared_schema().clone())
    }

    pub(crate) fn mysql(&self) -> &MysqlPool {
        &self.0.backend
    }
}
