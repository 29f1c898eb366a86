use std::sync::Arc;

use super::{TenantDirectory, tenant_cache::KnownTenants};

/// A directory, and its latest answers.
pub(crate) struct RememberedDirectory {
    pub(crate) directory: Arc<dyn TenantDirectory>,
    pub(crate) known: Arc<KnownTenants>,
}
