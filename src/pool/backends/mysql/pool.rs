//! What a pool for MySQL holds.

use std::sync::Arc;

use tokio::task::AbortHandle;

use super::{Mysql, MysqlUrl, known_databases::KnownDatabases, manager::Manager};
#[cfg(feature = "schema")]
use crate::pool::BuildError;
use crate::{
    SchemaName, TenantPool,
    backend::mysql::{Connect, Server, connecting::Connector},
    pool::{
        PlacementPolicy,
        routing::{Databases, Pool, Readers},
    },
};

/// What a pool for MySQL holds.
pub struct MysqlPool {
    pub(crate) connections: deadpool::managed::Pool<Manager>,
    /// Connections on which the server refuses writes.
    pub(crate) readers: deadpool::managed::Pool<Manager>,
    pub(crate) connector: Arc<Connector>,
    pub(crate) known: Arc<KnownDatabases>,
    /// The task that hears what other processes do. The pool of a replica has none.
    pub(crate) watch: Option<AbortHandle>,
    /// Whether this is the pool of a further server, whose tenants another pool's directory knows.
    pub(crate) is_further: bool,
    pub(crate) databases: Arc<Databases<TenantPool<Mysql>>>,
    pub(crate) replicas: Readers<TenantPool<Mysql>>,
    pub(crate) placement_policy: Option<Arc<dyn PlacementPolicy<Mysql>>>,
}

impl MysqlPool {
    pub(super) fn stop_watching(&self) {
        if let Some(watch) = &self.watch {
            watch.abort();
        }
    }
}

impl Drop for MysqlPool {
    fn drop(&mut self) {
        self.stop_watching();
    }
}

impl Pool for TenantPool<Mysql> {
    type Url = MysqlUrl;

    fn is_idle(&self) -> bool {
        let MysqlPool {
            connections, readers, ..
        } = self.mysql();
        let is_idle = |status: deadpool::Status| status.waiting == 0 && status.available == status.size;
        self.is_only_one() && is_idle(connections.status()) && is_idle(readers.status())
    }

    fn close(&self) {
        TenantPool::close(self);
    }
}

/// A server, for the work that is done to databases.
pub(super) fn server_of(connector: &Arc<Connector>, shared: &SchemaName) -> Server {
    let connector = Arc::clone(connector);
    let connect: Connect = Arc::new(move || {
        let connector = Arc::clone(&connector);
        Box::pin(async move { connector.connect().await })
    });
    Server::new(connect, shared.clone())
}

impl TenantPool<Mysql> {
    /// The server, for the work that is done to tenants' databases.
    pub(crate) fn mysql_server(&self) -> Server {
        server_of(&self.mysql().connector, self.shared_schema())
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
