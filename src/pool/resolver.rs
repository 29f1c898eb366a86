use std::sync::Arc;

use super::{TenantDirectory, routing::KnownTenants};

/// A directory, and what it answered lately.
pub(crate) struct Resolver {
    pub(crate) directory: Arc<dyn TenantDirectory>,
    pub(crate) known: Arc<KnownTenants>,
}
