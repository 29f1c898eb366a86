use super::Texts;
use crate::{Backend, IntoSchemaName, Postgres, SchemaName, SchemaNameError, TenantPool};

/// Restores a tenant when awaited; made by [`TenantPool::restore_tenant`].
#[derive(Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct RestoreRequest<'a, B: Backend = Postgres> {
    pub(in crate::lifecycle) pool: &'a TenantPool<B>,
    /// The names of the archive and of the tenant.
    pub(in crate::lifecycle) names: Result<(SchemaName, SchemaName), SchemaNameError>,
    pub(in crate::lifecycle) texts: Texts,
}

impl<'a, B: Backend> RestoreRequest<'a, B> {
    pub(in crate::lifecycle) fn new(
        pool: &'a TenantPool<B>,
        archive: impl IntoSchemaName,
        tenant: impl IntoSchemaName,
    ) -> Self {
        let archive = pool.tenant_name(archive);
        Self {
            names: archive.and_then(|archive| Ok((archive, pool.new_tenant_name(tenant)?))),
            pool,
            texts: Texts::default(),
        }
    }
}
