//! Whether migrations are sent in one message.

use diesel::QueryResult;

use crate::{
    PostgresConnection, TenantPool,
    backend::postgres::{catalog::extensions::has_extension, citus},
    pool::MigrationStatements,
};

impl TenantPool {
    /// Whether migrations are sent as one message. The database is asked at most once.
    pub(crate) async fn sends_batches(&self, connection: &mut PostgresConnection) -> QueryResult<bool> {
        match self.migration_statements() {
            MigrationStatements::Together => return Ok(true),
            MigrationStatements::Apart => return Ok(false),
            MigrationStatements::Detected => {}
        }
        if let Some(&batches) = self.detected_batches().get() {
            return Ok(batches);
        }
        let is_citus = has_extension(connection, citus::EXTENSION).await?;
        Ok(*self.detected_batches().get_or_init(|| !is_citus))
    }
}
