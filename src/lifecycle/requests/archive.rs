use std::time::Duration;

use super::{Patience, Texts};
use crate::{Backend, Postgres, SchemaName, SchemaNameError, TenantPool};

/// Archives a tenant when awaited; made by [`TenantPool::archive_tenant`].
#[derive(Debug)]
#[must_use = "a request does nothing until it is awaited"]
pub struct ArchiveRequest<'a, B: Backend = Postgres> {
    pub(in crate::lifecycle) pool: &'a TenantPool<B>,
    pub(in crate::lifecycle) tenant: Result<SchemaName, SchemaNameError>,
    pub(in crate::lifecycle) patience: Patience,
    pub(in crate::lifecycle) texts: Texts,
}

impl<'a, B: Backend> ArchiveRequest<'a, B> {
    pub(in crate::lifecycle) fn new(pool: &'a TenantPool<B>, tenant: Result<SchemaName, SchemaNameError>) -> Self {
        Self {
            pool,
            tenant,
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
