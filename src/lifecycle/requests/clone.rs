use crate::{Backend, IntoSchemaName, Postgres, SchemaName, SchemaNameError, TenantPool};

/// Clones a tenant when awaited. See [`TenantPool::clone_tenant`].
#[must_use = "nothing is cloned until this is awaited"]
#[derive(Debug)]
pub struct CloneRequest<'a, B: Backend = Postgres> {
    pub(in crate::lifecycle) pool: &'a TenantPool<B>,
    /// The names of the template and of the clone.
    pub(in crate::lifecycle) names: Result<(SchemaName, SchemaName), SchemaNameError>,
    pub(in crate::lifecycle) with_data: bool,
}

impl<'a, B: Backend> CloneRequest<'a, B> {
    pub(in crate::lifecycle) fn new(
        pool: &'a TenantPool<B>,
        template: impl IntoSchemaName,
        tenant: impl IntoSchemaName,
    ) -> Self {
        let template = pool.tenant_name(template);
        Self {
            names: template.and_then(|template| Ok((template, pool.new_tenant_name(tenant)?))),
            pool,
            with_data: true,
        }
    }

    /// Leaves the tables empty, and the sequences at their start. The versions of the migrations are still copied.
    pub fn without_data(mut self) -> Self {
        self.with_data = false;
        self
    }
}
