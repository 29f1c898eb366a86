//! Connections: how many, for how long, and how they are made.

use std::{sync::Arc, time::Duration};

use diesel::ConnectionResult;

use futures_core::future::BoxFuture;
use tokio::runtime::Handle;
use tokio_postgres::Config;

use super::TenantPoolBuilder;
use crate::{PostgresConnection, pool::Recycling};

/// # Connections
impl TenantPoolBuilder {
    /// The largest number of connections. Default: 10. All tenants share them. The upper limit is the server's
    /// `max_connections`, divided by the number of the application's processes.
    pub fn max_size(self, max_size: usize) -> Self {
        Self { max_size, ..self }
    }

    /// How long a checkout may take in all: waiting for a free connection, the directory's answer, testing or opening a
    /// connection, looking up the tenant's schema. Default: 30 seconds. Web services that would rather answer 503 than
    /// queue should set less. A limit below one second applies only to the wait for a connection in use: the whole
    /// checkout may still take one second, since opening a connection takes a while.
    ///
    /// When the server has no room for another connection, the checkout waits within the same limit, until a connection
    /// of the pool comes back or the server has room. With [`establish_with`](Self::establish_with) the checkout fails
    /// at once instead.
    pub fn wait_timeout(mut self, wait_timeout: Duration) -> Self {
        self.options.wait_timeout = Some(wait_timeout);
        self
    }

    /// How long opening a connection may take. Default: 10 seconds.
    ///
    /// An open connection whose server disappears silently ends after about a minute, even during a migration or
    /// another long call. TCP keepalives are sent after 30 seconds of silence, and sent data must be acknowledged
    /// within 60 seconds (900 for exports, imports and moves, which copy rows). The database URL can change these
    /// values, except the 900, in seconds: `?keepalives_idle=300&keepalives_interval=60&tcp_user_timeout=600`.
    pub fn connect_timeout(mut self, connect_timeout: Duration) -> Self {
        self.options.connect_timeout = connect_timeout;
        self
    }

    /// How long the server may take to answer the test of a connection, or the question whether a schema exists.
    /// Default: 5 seconds. A connection that doesn't answer its test in time is replaced. Connections that have been
    /// idle for at least as long are then replaced untested.
    pub fn recycle_timeout(mut self, recycle_timeout: Duration) -> Self {
        self.options.recycle_timeout = recycle_timeout;
        self
    }

    /// When connections are tested before they are handed out again. Default: after one second without use.
    pub fn recycling(mut self, recycling: Recycling) -> Self {
        self.options.recycling = recycling;
        self
    }

    /// The age at which a connection is replaced. Default: 30 minutes. Keep it below the time after which a firewall or
    /// proxy in between drops connections.
    pub fn max_lifetime(mut self, max_lifetime: Duration) -> Self {
        self.options.max_lifetime = max_lifetime;
        self
    }

    /// How many statements a connection keeps prepared. Default: 2,000. With 0, statements are never prepared.
    ///
    /// A statement is prepared when it comes a second time. Each tenant's statements are prepared separately, and the
    /// server keeps a plan for each of them: this limit bounds the memory on both sides. The statement that was least
    /// useful makes room for a new one, and is closed on the server.
    pub fn max_statements(mut self, max_statements: usize) -> Self {
        self.options.max_statements = max_statements;
        self
    }

    /// How many tenants a connection may serve before it is replaced. Default: 1,000.
    ///
    /// The server's process behind a connection keeps what it has read of the catalogs about each tenant's tables:
    /// about 0.3 MB for a tenant with 20 tables, all of them used. Nothing but a new connection gives that memory back.
    /// So with 1,000 such tenants a process holds up to 300 MB, besides its prepared statements
    /// ([`max_statements`](Self::max_statements)).
    pub fn max_tenants(mut self, max_tenants: usize) -> Self {
        self.options.max_tenants = max_tenants.max(1);
        self
    }

    /// How many connections one tenant may have at a time, at least one. The tenant's further checkouts wait, without
    /// taking connections from other tenants. Default: no limit but the pool's.
    ///
    /// Without this limit a tenant with slow queries can take all connections of the pool.
    pub fn max_per_tenant(mut self, max_per_tenant: usize) -> Self {
        self.options.max_per_tenant = Some(max_per_tenant.max(1));
        self
    }

    /// Leaves the search_path to the role (`ALTER ROLE … SET search_path = ''`). Default: it is sent as a startup
    /// option, which PgBouncer refuses. Either way every new connection's search_path is checked.
    ///
    /// PgBouncer before 1.21, or without `max_prepared_statements`, mixes up its clients' prepared statements in
    /// transaction mode, so that one client could get the rows of another client's query. So each new connection finds
    /// out whether it leads to the server itself, or to a pooler that gives its statements names of their own. Any
    /// other connection prepares no statements: each is parsed and run in one round trip, which is safe behind every
    /// pooler. A pooler without transactions (`pool_mode = statement`) is
    /// [refused](crate::ConnectError::UnsafePooler).
    ///
    /// With this option, statements that leave something on the session (`SET`, a temporary table) are
    /// [refused](crate::RefusedStatement). A pooler's session keeps the settings that the role had when the session
    /// began: after another `ALTER ROLE … SET search_path`, have the pooler open new sessions (`RECONNECT`), and
    /// rebuild the pool.
    pub fn search_path_from_role(mut self) -> Self {
        self.options.search_path_from_role = true;
        self
    }

    /// Opens connections with your own function: for TLS, or to set a connection's instrumentation. Default: without
    /// TLS.
    ///
    /// Connect with the configuration that the function gets: it comes from the database URL, with the search_path
    /// added.
    ///
    /// ```
    /// # fn connector() -> tokio_postgres::NoTls { tokio_postgres::NoTls }
    ///
    /// use diesel_tenants::{PostgresConnection, TenantPool};
    ///
    /// let pool = TenantPool::builder("postgres://db.example/store").establish_with(|config| {
    ///     Box::pin(async move {
    ///         let tls = connector(); // for example tokio_postgres_rustls::MakeRustlsConnect
    ///         PostgresConnection::connect(&config, tls).await
    ///     })
    /// });
    /// ```
    pub fn establish_with<F>(mut self, establish: F) -> Self
    where
        F: Fn(Config) -> BoxFuture<'static, ConnectionResult<PostgresConnection>> + Send + Sync + 'static,
    {
        self.options.establish = Some(Arc::new(establish));
        self
    }

    /// Opens and drives all of the pool's connections in one runtime, whichever runtime asks for them. Default: each in
    /// the runtime that asks. The connections of exports, imports and moves always belong to the caller's runtime.
    ///
    /// A connection ends with the runtime that drives it, even while another runtime uses it. Where several runtimes
    /// share a pool and don't end together, like Actix's workers, a query may find its connection closed when one of
    /// them stops. Choose the runtime that ends last to avoid this; the price is one hop between threads for each
    /// query. Connections are opened elsewhere only when that runtime has ended.
    ///
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use diesel_tenants::TenantPool;
    /// use tokio::runtime::Handle;
    ///
    /// let pool = TenantPool::builder("postgres://db.example/store").runtime(Handle::current());
    /// # })
    /// ```
    pub fn runtime(mut self, runtime: Handle) -> Self {
        self.options.runtime = Some(runtime);
        self
    }
}
