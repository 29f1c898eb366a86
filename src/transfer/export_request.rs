//! An export to be started, from any kind of database.

use std::fmt;

use super::ExportError;
use crate::{
    Backend, IntoSchemaName, Postgres, SchemaName, SchemaNameError, TenantPool, backend::postgres::driver::Dial,
};

/// An export to be started by `to`. See [`TenantPool::export_tenant`].
#[must_use = "nothing is exported until `to`"]
pub struct ExportRequest<'a, B: Backend = Postgres> {
    pub(super) pool: &'a TenantPool<B>,
    pub(super) tenant: Result<SchemaName, SchemaNameError>,
    /// How to connect with TLS.
    pub(super) dial: Option<Box<dyn Dial>>,
}

impl<'a, B: Backend> ExportRequest<'a, B> {
    pub(super) fn new(pool: &'a TenantPool<B>, tenant: impl IntoSchemaName) -> Self {
        Self {
            pool,
            tenant: pool.tenant_name(tenant),
            dial: None,
        }
    }

    #[cfg(any(feature = "mysql", feature = "sqlite"))]
    pub(super) fn into_parts(self) -> (&'a TenantPool<B>, Result<SchemaName, SchemaNameError>) {
        (self.pool, self.tenant)
    }
}

/// Fails unless the tenant is in the place of its name in the pool's own database.
pub(super) async fn must_be_here<B: Backend>(
    pool: &TenantPool<B>,
    tenant: SchemaName,
) -> Result<SchemaName, ExportError> {
    match pool.placement_of(&tenant).await {
        Ok(Some(placement)) if placement.is_elsewhere(&tenant) => Err(ExportError::Elsewhere { tenant, placement }),
        Ok(Some(_)) => Ok(tenant),
        // The directory knows no such tenant, so a schema of that name is not the tenant.
        Ok(None) => Err(ExportError::UnknownTenant { tenant }),
        Err(source) => Err(ExportError::Directory { tenant, source }),
    }
}

impl<B: Backend> fmt::Debug for ExportRequest<'_, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExportRequest")
            .field("tenant", &self.tenant)
            .finish_non_exhaustive()
    }
}
