use std::sync::Arc;

use super::{Backend, Postgres, TenantDirectory, tenant_cache::KnownTenants};

/// A directory, and its latest answers.
pub(crate) struct RememberedDirectory<B: Backend = Postgres> {
    pub(crate) directory: Arc<dyn TenantDirectory<B>>,
    pub(crate) known: Arc<KnownTenants>,
}
