use std::time::Duration;

/// What to do about sessions that use a tenant.
#[derive(Debug, Clone, Copy)]
pub(in crate::lifecycle) struct Patience {
    /// How long the operation waits for them.
    pub(in crate::lifecycle) wait: Duration,
    /// Whether they are ended by force.
    pub(in crate::lifecycle) force: bool,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            wait: Duration::from_secs(3),
            force: false,
        }
    }
}
