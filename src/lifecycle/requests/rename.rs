use std::time::Duration;

use super::{Patience, Texts};
use crate::{Backend, IntoSchemaName, Postgres, SchemaName, SchemaNameError, TenantPool};

/// Renames a tenant when awaited; made by [`TenantPool::rename_tenant`].
#[derive(Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct RenameRequest<'a, B: Backend = Postgres> {
    pub(in crate::lifecycle) pool: &'a TenantPool<B>,
    pub(in crate::lifecycle) names: Result<(SchemaName, SchemaName), SchemaNameError>,
    pub(in crate::lifecycle) patience: Patience,
    pub(in crate::lifecycle) texts: Texts,
}

impl<'a, B: Backend> RenameRequest<'a, B> {
    pub(in crate::lifecycle) fn new(
        pool: &'a TenantPool<B>,
        from: impl IntoSchemaName,
        to: impl IntoSchemaName,
    ) -> Self {
        let from = pool.name_of_existing(from);
        Self {
            names: from.and_then(|from| Ok((from, pool.new_tenant_name(to)?))),
            pool,
            patience: Patience::default(),
            texts: Texts::default(),
        }
    }

    /// How long to wait for transactions that use the tenant. Default: 3 seconds.
    pub fn wait(mut self, wait: Duration) -> Self {
        self.patience.wait = wait;
        self
    }
}
