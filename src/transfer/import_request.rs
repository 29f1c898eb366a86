//! An import to be started, into any kind of database.

use std::fmt;

use crate::{Backend, Postgres, SchemaName, SchemaNameError, TenantPool, backend::postgres::driver::Dial};

/// An import to be started by `from`. See [`TenantPool::import_tenant`].
#[must_use = "nothing is imported until `from`"]
pub struct ImportRequest<'a, B: Backend = Postgres> {
    pub(super) pool: &'a TenantPool<B>,
    pub(super) tenant: Result<SchemaName, SchemaNameError>,
    /// How to connect with TLS.
    pub(super) dial: Option<Box<dyn Dial>>,
}

impl<'a, B: Backend> ImportRequest<'a, B> {
    pub(super) fn new(pool: &'a TenantPool<B>, tenant: Result<SchemaName, SchemaNameError>) -> Self {
        Self {
            pool,
            tenant,
            dial: None,
        }
    }

    #[cfg(any(feature = "mysql", feature = "sqlite"))]
    pub(super) fn into_parts(self) -> (&'a TenantPool<B>, Result<SchemaName, SchemaNameError>) {
        (self.pool, self.tenant)
    }
}

impl<B: Backend> fmt::Debug for ImportRequest<'_, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ImportRequest")
            .field("tenant", &self.tenant)
            .finish_non_exhaustive()
    }
}
