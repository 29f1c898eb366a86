use std::sync::Arc;

use super::{Backend, Postgres, TenantDirectory, directory_cache::KnownTenants};
use crate::DirectoryCache;

/// A directory, and its latest answers.
pub(crate) struct RememberedDirectory<B: Backend = Postgres> {
    pub(crate) directory: Arc<dyn TenantDirectory<B>>,
    pub(crate) known: Arc<KnownTenants>,
}

impl<B: Backend> RememberedDirectory<B> {
    /// A directory that was not asked yet.
    pub(crate) fn new(directory: Arc<dyn TenantDirectory<B>>, cache: DirectoryCache) -> Self {
        Self {
            directory,
            known: Arc::new(KnownTenants::new(cache)),
        }
    }
}
