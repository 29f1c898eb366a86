use diesel::{QueryResult, QueryableByName, sql_types::Bool};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::{TenantPool, pool::MigrationStatements};

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
