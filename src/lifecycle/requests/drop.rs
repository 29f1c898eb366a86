use std::time::Duration;

use super::Patience;
use crate::{Backend, Postgres, SchemaName, SchemaNameError, TenantPool};

/// Drops a tenant when awaited; made by [`TenantPool::drop_tenant`].
#[derive(Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct DropRequest<'a, B: Backend = Postgres> {
    pub(in crate::lifecycle) pool: &'a TenantPool<B>,
    pub(in crate::lifecycle) tenant: Result<SchemaName, SchemaNameError>,
    pub(in crate::lifecycle) patience: Patience,
}

impl<'a, B: Backend> DropRequest<'a, B> {
    pub(in crate::lifecycle) fn new(pool: &'a TenantPool<B>, tenant: Result<SchemaName, SchemaNameError>) -> Self {
        Self {
            pool,
            tenant,
            patience: Patience::default(),
        }
    }

    /// How long to wait for transactions that use the tenant. Default: 3 seconds.
    pub fn wait(mut self, wait: Duration) -> Self {
        self.patience.wait = wait;
        self
    }
}
