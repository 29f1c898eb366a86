//! Migrations, and the connections on which they run.

use std::time::Duration;

use super::TenantPoolBuilder;
use crate::pool::MigrationStatements;

/// # Migrations
impl TenantPoolBuilder {
    /// Another URL of the same database, for migrations, that bypasses a pooler in transaction mode. Default: none, the
    /// pool's own URL.
    ///
    /// On these connections the search_path is sent as a startup option, also with
    /// [`search_path_from_role`](Self::search_path_from_role).
    pub fn migration_url(self, migration_url: impl Into<String>) -> Self {
        Self {
            migration_url: Some(migration_url.into()),
            ..self
        }
    }

    /// How long a migration waits for another migration of the same schema. Default: 60 seconds.
    pub fn migration_lock_timeout(mut self, migration_lock_timeout: Duration) -> Self {
        self.options.migration_lock_timeout = migration_lock_timeout;
        self
    }

    /// How the SQL of migrations is sent. Default: in one message; to Citus, statement by statement.
    pub fn migration_statements(mut self, migration_statements: MigrationStatements) -> Self {
        self.options.migration_statements = migration_statements;
        self
    }

    /// Refuses tenants' migrations that create, alter or drop something outside the tenant's schema, before anything is
    /// run: see [`OutsideWork`](crate::migrations::OutsideWork). Default: they are run, and the report names them.
    pub fn refuse_outside_work(mut self) -> Self {
        self.options.refuse_outside_work = true;
        self
    }
}
