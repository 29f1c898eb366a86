use std::{fmt, io, marker::PhantomData, sync::Arc, time::Duration};

use diesel::{
    QueryableByName, RunQueryDsl,
    connection::LoadConnection,
    pg::Pg,
    query_builder::SqlQuery,
    r2d2::{self, NopErrorHandler, R2D2Connection},
    sql_types::Text,
};

use super::{TenantPool, background::Background, checkout::HAS_ONE, manager::Manager, tenant_pool::Inner};
use crate::{
    backend::postgres::ConnectError,
    pool::{Deadline, Target},
};

/// Options of a [`TenantPool`]; see [`TenantPool::builder`]. Each method states its default.
#[must_use = "a builder does nothing until `build`"]
pub struct TenantPoolBuilder<C> {
    url: String,
    max_size: u32,
    tenants: crate::TenantPoolBuilder,
    connection: PhantomData<fn() -> C>,
}

/// How many connections the async pool in the background may have.
const IN_BACKGROUND: usize = 4;

impl<C> TenantPoolBuilder<C> {
    pub(super) fn new(url: String) -> Self {
        Self {
            tenants: crate::TenantPoolBuilder::new(url.clone()).max_size(IN_BACKGROUND),
            url,
            max_size: 10,
            connection: PhantomData,
        }
    }

    /// The largest number of connections; 10 by default. The async pool in the background has up to 4 more of its own.
    pub fn max_size(self, max_size: u32) -> Self {
        Self { max_size, ..self }
    }

    /// How long a checkout waits for a connection; 30 seconds by default.
    pub fn wait_timeout(self, wait_timeout: Duration) -> Self {
        self.options(|tenants| tenants.wait_timeout(wait_timeout))
    }

    /// Sets options of the async pool in the background: the directory, the schemas of extensions, hooks, the URL for
    /// migrations, TLS, how long what is known of a tenant counts, how long connections live.
    ///
    /// What these options say about connections also holds for the connections of this pool, except for
    /// [`max_size`](crate::TenantPoolBuilder::max_size), which counts those of the async pool, and
    /// [`establish_with`](crate::TenantPoolBuilder::establish_with).
    ///
    /// ```no_run
    /// # fn run() -> Result<(), Box<dyn std::error::Error>> {
    /// use diesel_tenants::{blocking::TenantPool, directory::DirectoryTables};
    /// # use diesel_tenants::blocking::PostgresConnection as PgConnection;
    ///
    /// let pool = TenantPool::<PgConnection>::builder("postgres://localhost/store")
    ///     .options(|options| options.extension_schemas(["extensions"]).directory(DirectoryTables::new()))
    ///     .build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn options(self, set: impl FnOnce(crate::TenantPoolBuilder) -> crate::TenantPoolBuilder) -> Self {
        Self {
            tenants: set(self.tenants),
            ..self
        }
    }

    /// Where `C` connects to, if its driver needs another URL than the library's own: libpq knows parameters that
    /// [`tokio_postgres::Config`] refuses, such as `sslrootcert`. It must lead to the same database.
    pub fn connection_url(self, url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            ..self
        }
    }
}

impl<C> TenantPoolBuilder<C>
where
    C: R2D2Connection + LoadConnection<Backend = Pg> + 'static,
{
    /// Builds the pool, and opens its first connections, so that a wrong URL or an unsafe search_path is reported now.
    ///
    /// # Errors
    /// [`BuildError`]: an option is invalid, the server can't be reached, or its search_path is unsafe.
    pub fn build(self) -> Result<TenantPool<C>, BuildError> {
        let Self {
            url, max_size, tenants, ..
        } = self;
        if max_size == 0 {
            return Err(BuildError::Empty);
        }
        let background = Background::start().map_err(BuildError::Thread)?;
        let tenants = tenants.runtime(background.runtime().clone());
        let tenants = background.run(tenants.build())?;
        if tenants.connector().may_be_pooled() {
            return Err(BuildError::Pooler);
        }
        let options = &tenants.0.options;
        let connections = r2d2::Pool::builder()
            .max_size(max_size)
            // r2d2 replaces a closed connection only to keep `min_idle`. With 0, a caller that waits would not get a new
            // one.
            .min_idle(Some(1))
            .max_lifetime(Some(options.max_lifetime.max(SHORTEST)))
            .connection_timeout(options.wait_timeout.max(SHORTEST))
            // Not logged: `Retired` is not an error, and the waiting caller gets a failed connect.
            .error_handler(Box::new(NopErrorHandler))
            .build_unchecked(Manager::new(url, tenants.clone()));
        let pool = TenantPool(Arc::new(Inner::new(connections, tenants, background)));
        pool.refuse_another_database()?;
        Ok(pool)
    }
}

impl<C> TenantPool<C>
where
    C: R2D2Connection + LoadConnection<Backend = Pg> + 'static,
{
    /// Compares where the two drivers are connected to. libpq also reads the environment, such as `PGPORT` and
    /// `PGDATABASE`.
    fn refuse_another_database(&self) -> Result<(), BuildError> {
        let failed = |source| BuildError::Connect(self.as_async().connector().failed_query(source));
        let mut slot = self
            .slot(&Target::Shared, Deadline::after(self.wait_timeout()))
            .map_err(BuildError::of_checkout)?;
        let connection = slot.connection_mut().expect(HAS_ONE);
        let reached: Place = place().get_result(&mut connection.inner).map_err(failed)?;
        let expected = self.run(|pool| async move {
            let mut checkout = pool.shared().get().await.map_err(BuildError::of_checkout)?;
            let found = diesel_async::RunQueryDsl::get_result(place(), checkout.untranslated()).await;
            found.map_err(|source| BuildError::Connect(pool.connector().failed_query(source)))
        })?;
        match reached == expected {
            true => Ok(()),
            false => Err(BuildError::AnotherDatabase {
                expected: expected.database,
                reached: reached.database,
            }),
        }
    }
}

/// A database, and since when its server runs: no two servers started at the same microsecond.
#[derive(Debug, PartialEq, QueryableByName)]
struct Place {
    #[diesel(sql_type = Text)]
    database: String,
    #[diesel(sql_type = Text)]
    since: String,
}

fn place() -> SqlQuery {
    diesel::sql_query(
        "SELECT pg_catalog.current_database()::pg_catalog.text AS database, \
         EXTRACT(EPOCH FROM pg_catalog.pg_postmaster_start_time())::pg_catalog.text AS since",
    )
}

/// r2d2 refuses times of zero.
const SHORTEST: Duration = Duration::from_millis(1);

impl<C> fmt::Debug for TenantPoolBuilder<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the URL: it may hold a password.
        f.debug_struct("TenantPoolBuilder")
            .field("max_size", &self.max_size)
            .finish_non_exhaustive()
    }
}

impl BuildError {
    fn of_checkout(error: crate::CheckoutError) -> Self {
        match error {
            crate::CheckoutError::Connect { source, .. } => Self::Connect(source),
            error => Self::FirstCheckout(Box::new(error)),
        }
    }
}

/// Why a pool could not be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// `max_size` is 0: a pool without connections would never answer.
    #[error("`max_size` must be at least 1")]
    Empty,
    /// The thread for the async pool could not be started.
    #[error("can't start the thread of the pool in the background")]
    Thread(#[source] io::Error),
    /// The async pool in the background could not be built.
    #[error("can't build the pool in the background")]
    Background(#[from] crate::BuildError),
    /// A pooler may be in between (`search_path_from_role`), and Diesel's connections prepare statements by name.
    #[error(
        "a pool without async needs sessions of its own, and a pooler may be in between (`search_path_from_role`): \
         connect without the pooler, or use the async pool"
    )]
    Pooler,
    /// No connection could be opened.
    #[error("can't open the pool's first connection")]
    Connect(#[source] ConnectError),
    /// The two drivers are connected to two databases.
    #[error(
        "the pool's connections reach database {reached:?}, and the library's own driver reaches {expected:?}, or the \
         server is another one: `connection_url` must lead to the same database; without it, look for variables of \
         libpq in the environment (PGHOST, PGPORT, PGDATABASE)"
    )]
    AnotherDatabase {
        /// The database of the async pool in the background.
        expected: String,
        /// The database of the pool's own connections.
        reached: String,
    },
    /// The first connection did not come in time.
    #[error("can't open the pool's first connection")]
    FirstCheckout(#[source] Box<crate::CheckoutError>),
}
