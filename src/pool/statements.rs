use diesel::{QueryResult, QueryableByName, sql_types::Bool};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::TenantPool;

/// How the SQL of a migration that runs in a transaction is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum MigrationStatements {
    /// Statement by statement if the database has the extension Citus, which refuses several DDL statements in one
    /// message; else in one message.
    #[default]
    Detected,
    /// In one message: one round trip to the server.
    Together,
    /// Statement by statement, inside one transaction.
    Apart,
}

impl TenantPool {
    /// Whether migrations are sent as one message. Asked once, if it has to be asked.
    pub(crate) async fn sends_batches(&self, connection: &mut AsyncPgConnection) -> QueryResult<bool> {
        #[derive(QueryableByName)]
        struct Detected {
            #[diesel(sql_type = Bool)]
            citus: bool,
        }

        match self.migration_statements() {
            MigrationStatements::Together => return Ok(true),
            MigrationStatements::Apart => return Ok(false),
            MigrationStatements::Detected => {}
        }
        if let Some(&batches) = self.detected_batches().get() {
            return Ok(batches);
        }
        let Detected { citus } =
            diesel::sql_query("SELECT EXISTS (SELECT FROM pg_catalog.pg_extension WHERE extname = 'citus') AS citus")
                .get_result(connection)
                .await?;
        Ok(*self.detected_batches().get_or_init(|| !citus))
    }
}
