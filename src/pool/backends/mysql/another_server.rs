//! Further servers behind a pool, each with a pool of its own.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use futures_core::future::BoxFuture;

use super::{Mysql, MysqlPoolBuilder, MysqlUrl};
use crate::pool::{
    AnotherDatabase, CheckoutError, DatabaseError, DatabaseLimits, TenantPool,
    checkouts::ConnectionRequest,
    options::Options,
    routing::{Databases, FindUrl},
};

/// # Further servers and replicas
impl MysqlPoolBuilder {
    /// Declares another server: for tenants that the [directory](Self::directory) places there, and for
    /// [`using_database`](TenantPool::using_database). Its connections are opened when they are needed, with the options
    /// of this pool.
    pub fn database(mut self, name: impl Into<String>, url: MysqlUrl) -> Self {
        self.databases.insert(name.into(), url);
        self
    }

    /// Finds the URLs of undeclared servers by their names. `None` is an error for the caller. Default: there are no
    /// undeclared servers.
    pub fn databases_with<F>(mut self, find: F) -> Self
    where
        F: Fn(&str) -> BoxFuture<'static, Option<MysqlUrl>> + Send + Sync + 'static,
    {
        self.find_database = Some(Arc::new(find));
        self
    }

    /// How many connections to other servers there may be. Default: connections to 20 servers at a time, 5 to each,
    /// closed after 5 minutes without use.
    pub fn database_limits(mut self, database_limits: DatabaseLimits) -> Self {
        self.database_limits = database_limits;
        self
    }

    /// Declares a replica of the pool's own server, for [`read_only`](crate::pool::CheckoutRequest::read_only)
    /// checkouts. Several replicas are used in turn. Default: none, and the server itself serves these checkouts.
    ///
    /// Connections to a replica are opened when they are needed, with the options of this pool. A replica that can't be
    /// connected to is left alone for five seconds at a time. A replica must have the shared database and all tenants'.
    pub fn replica(mut self, url: MysqlUrl) -> Self {
        self.replicas.main.push(url);
        self
    }

    /// Declares a replica of another server, by the name under which that server was [declared](Self::database).
    pub fn database_replica(mut self, name: impl Into<String>, url: MysqlUrl) -> Self {
        self.replicas.further.entry(name.into()).or_default().push(url);
        self
    }

    /// How many read-only connections there may be to each replica. Default: [`DatabaseLimits::new`].
    pub fn replica_limits(mut self, replica_limits: DatabaseLimits) -> Self {
        self.replicas.limits = replica_limits;
        self
    }
}

/// Further servers: each is opened with the options of the pool's own server.
pub(super) fn further_servers(
    declared: HashMap<String, MysqlUrl>,
    find: Option<Arc<FindUrl<MysqlUrl>>>,
    limits: DatabaseLimits,
    options: Options,
    sql_mode: Option<String>,
) -> Arc<Databases<TenantPool<Mysql>>> {
    let wait_timeout = options.wait_timeout();
    let open = move |url| -> BoxFuture<'static, _> {
        let builder = MysqlPoolBuilder::of_further(url, limits.connections, options.clone(), sql_mode.clone());
        Box::pin(builder.build())
    };
    Databases::new(declared, HashSet::new(), find, limits, wait_timeout, Arc::new(open))
}

/// # Reaching another server
impl TenantPool<Mysql> {
    /// Checkouts on another server, by the name under which it was [declared](MysqlPoolBuilder::database). There a tenant
    /// is a database of that server, whatever the directory says.
    ///
    /// ```no_run
    /// # async fn run(pool: diesel_tenants::TenantPool<diesel_tenants::Mysql>) -> Result<(), Box<dyn std::error::Error>> {
    /// let mut reports = pool.using_database("reports").shared().get().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn using_database(&self, database: impl Into<Arc<str>>) -> AnotherDatabase<'_, Mysql> {
        AnotherDatabase::new(self, database.into())
    }

    /// The pool of another server, for a checkout.
    pub(super) async fn server_for(
        &self,
        request: &ConnectionRequest<'_>,
        database: &Arc<str>,
    ) -> Result<Self, CheckoutError> {
        let pool = self.mysql().databases.get(database, request.deadline).await;
        pool.map_err(|source| CheckoutError::Database {
            target: request.target.clone(),
            source: Box::new(source),
        })
    }
}

impl AnotherDatabase<'_, Mysql> {
    /// The server's own pool: to migrate the server's databases, or to create tenants there. While you keep the pool, the
    /// server counts as in use.
    ///
    /// # Errors
    /// [`DatabaseError`]: the server was not declared, or can't be reached.
    pub async fn pool(&self) -> Result<TenantPool<Mysql>, DatabaseError> {
        let deadline = self.pool.deadline();
        self.pool.mysql().databases.get(&self.database, deadline).await
    }
}
