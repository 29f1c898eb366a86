use crate::{Server, StartError};

/// Settings for a server of a test's own.
#[derive(Debug, Clone, Default)]
pub struct ServerBuilder {
    settings: Vec<(String, String)>,
}

impl ServerBuilder {
    /// Adds a setting of `postgresql.conf`, in place of this crate's default or PostgreSQL's.
    ///
    /// By default nothing is durable, autovacuum is off, `max_connections` is 300, and `max_locks_per_transaction` 128.
    #[must_use]
    pub fn setting(mut self, name: impl Into<String>, value: impl ToString) -> Self {
        self.settings.push((name.into(), value.to_string()));
        self
    }

    /// Starts the server, and returns once it accepts connections.
    ///
    /// # Errors
    ///
    /// When PostgreSQL is not installed, or does not start: with the end of its log.
    pub fn start(self) -> Result<Server, StartError> {
        let Self { settings } = self;
        Server::with_settings(settings)
    }
}
