//! Checkouts in a database that is named.

use std::sync::Arc;

use crate::{
    IntoSchemaName,
    pool::{Backend, CheckoutRequest, DatabaseError, Postgres, TenantPool},
    translate::SchemaTranslateMap,
};

/// # Reaching another database
impl TenantPool {
    /// Checkouts in another database, by the name under which it was [declared](crate::TenantPoolBuilder::database).
    /// There a tenant is a schema of that database, whatever the directory says.
    ///
    /// ```no_run
    /// # async fn run(pool: diesel_tenants::TenantPool) -> Result<(), Box<dyn std::error::Error>> {
    /// let mut reports = pool.using_database("reports").shared().get().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn using_database(&self, database: impl Into<Arc<str>>) -> AnotherDatabase<'_> {
        AnotherDatabase::new(self, database.into())
    }
}

/// Another database behind a pool; see [`TenantPool::using_database`].
#[derive(Debug, Clone)]
pub struct AnotherDatabase<'a, B: Backend = Postgres> {
    pub(in crate::pool::backends) pool: &'a TenantPool<B>,
    pub(in crate::pool::backends) database: Arc<str>,
}

impl<'a, B: Backend> AnotherDatabase<'a, B> {
    pub(in crate::pool::backends) fn new(pool: &'a TenantPool<B>, database: Arc<str>) -> Self {
        Self { pool, database }
    }

    /// A checkout for a tenant: a schema of that database.
    pub fn for_tenant(&self, tenant: impl IntoSchemaName) -> CheckoutRequest<'a, B> {
        self.pool.for_tenant(tenant).in_database(Arc::clone(&self.database))
    }

    /// A checkout for pinned tables only.
    pub fn shared(&self) -> CheckoutRequest<'a, B> {
        self.pool.shared().in_database(Arc::clone(&self.database))
    }

    /// A checkout under any map.
    pub fn with_map(&self, map: SchemaTranslateMap) -> CheckoutRequest<'a, B> {
        self.pool.with_map(map).in_database(Arc::clone(&self.database))
    }
}

impl AnotherDatabase<'_> {
    /// The database's own pool: to migrate the database, or to create tenants in it. While you keep the pool, the
    /// database counts as in use.
    ///
    /// # Errors
    /// [`DatabaseError`]: the database was not declared, or can't be reached.
    pub async fn pool(&self) -> Result<TenantPool, DatabaseError> {
        self.pool.databases().get(&self.database, self.pool.deadline()).await
    }
}
