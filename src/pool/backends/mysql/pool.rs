//! What a pool for MySQL holds.

use std::sync::Arc;

use tokio::task::AbortHandle;

#[cfg(feature = "schema")]
use super::MysqlUrl;
use super::{Mysql, known::KnownDatabases, manager::Manager};
#[cfg(feature = "schema")]
use crate::{SchemaName, pool::BuildError};
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

    /// A pool on the same server, of the tenants that another shared database lists.
    #[cfg(feature = "schema")]
    pub(crate) async fn on_shared_database(&self, shared: &SchemaName) -> Result<Self, BuildError> {
        let url = MysqlUrl(self.mysql().connector.options().clone());
        let builder = TenantPool::builder(url).max_size(1);
        builder.shared_schema(shared.as_str()).build().await
    }

    pub(crate) fn mysql(&self) -> &MysqlPool {
        &self.0.backend
    }
}
