use super::chosen_names;
use crate::{
    IntoSchemaName, SchemaName, SchemaNameError, TenantPool,
    pool::{Backend, Postgres},
};

/// Finds out which migrations tenants have and lack when awaited; made by [`TenantPool::migration_status`].
#[must_use = "a request does nothing until it is awaited"]
pub struct MigrationStatusRequest<'a, S, B: Backend = Postgres> {
    pub(in crate::migrations) pool: &'a TenantPool<B>,
    pub(in crate::migrations) migrations: S,
    pub(in crate::migrations) chosen: Option<Result<Vec<SchemaName>, SchemaNameError>>,
}

impl<'a, S, B: Backend> MigrationStatusRequest<'a, S, B> {
    pub(in crate::migrations) fn new(pool: &'a TenantPool<B>, migrations: S) -> Self {
        Self {
            pool,
            migrations,
            chosen: None,
        }
    }

    /// Only these tenants; how many others there are doesn't matter. A schema that was never migrated lacks all
    /// migrations. Default: all tenants, active, suspended and spare.
    pub fn only(self, tenants: impl IntoIterator<Item: IntoSchemaName>) -> Self {
        Self {
            chosen: Some(chosen_names(self.pool, tenants)),
            ..self
        }
    }
}
