use std::{fmt, sync::Arc, time::Duration};

use super::{Backend, BuildError, TenantPool, background::Background, tenant_pool::Inner};

/// Options of a [`TenantPool`]; see [`TenantPool::builder`]. Each method states its default.
#[must_use = "a builder does nothing until `build`"]
pub struct TenantPoolBuilder<B: Backend> {
    pub(super) address: B::Address,
    pub(super) max_size: u32,
    pub(super) options: B::Options,
}

/// How many connections the async pool in the background may have.
pub(super) const IN_BACKGROUND: usize = 4;

impl<B: Backend> TenantPoolBuilder<B> {
    pub(super) fn new(address: B::Address) -> Self {
        Self {
            options: B::options(&address),
            address,
            max_size: 10,
        }
    }

    /// The largest number of connections; 10 by default. The async pool in the background has up to 4 more of its own.
    pub fn max_size(self, max_size: u32) -> Self {
        Self { max_size, ..self }
    }

    /// How long a checkout waits for a connection; 30 seconds by default.
    pub fn wait_timeout(self, wait_timeout: Duration) -> Self {
        self.options(|options| B::with_wait_timeout(options, wait_timeout))
    }

    /// Sets options of the async pool in the background: the directory, the schemas of extensions, hooks, the URL for
    /// migrations, TLS, how long what is known of a tenant counts, how long connections live.
    ///
    /// What these options say about connections also holds for the connections of this pool, except for `max_size`,
    /// which counts those of the async pool, and
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
    pub fn options(self, set: impl FnOnce(B::Options) -> B::Options) -> Self {
        Self {
            options: set(self.options),
            ..self
        }
    }

    /// Builds the pool, so that a wrong address is reported now. For PostgreSQL, opens its first connections.
    ///
    /// # Errors
    /// [`BuildError`]: an option is invalid, the server can't be reached, its search_path is unsafe, or the folder can't
    /// be used.
    pub fn build(self) -> Result<TenantPool<B>, BuildError> {
        if self.max_size == 0 {
            return Err(BuildError::Empty);
        }
        let background = Background::start().map_err(BuildError::Thread)?;
        let (connections, tenants) = B::build(self, &background)?;
        let pool = TenantPool(Arc::new(Inner::new(connections, tenants, background)));
        B::verify(&pool)?;
        Ok(pool)
    }
}

impl<B: Backend> fmt::Debug for TenantPoolBuilder<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the address: a URL may hold a password.
        f.debug_struct("TenantPoolBuilder")
            .field("max_size", &self.max_size)
            .finish_non_exhaustive()
    }
}
