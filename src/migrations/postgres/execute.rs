//! What a migration does: SQL that is sent, or Rust code that is called.

use std::error::Error;

use diesel::result::Error as DieselError;
use diesel_async::{SimpleAsyncConnection, async_connection_wrapper::AsyncConnectionWrapper};

use super::script::{Body, Script, Source};
use crate::{
    PostgresConnection,
    backend::{migration_sql::call_version, tasks::blocking},
    migrations::{Aftermath, FailedMigration, MigrationError, Runner, SchemaOwner, ScriptPlace},
    translate,
};

/// The connection on which a migration written in Rust runs: downcast to it to use Diesel's query builder.
///
/// Such a migration is called first with a connection that executes nothing, and only records. If the migration used
/// that connection only to send SQL by `batch_execute`, that SQL is sent. If the migration did anything else, or
/// nothing, it is called a second time, with a `BlockingConnection`.
pub type BlockingConnection = AsyncConnectionWrapper<PostgresConnection>;

impl Runner {
    pub(super) async fn execute(&mut self, script: &Script) -> Result<(), MigrationError> {
        match &script.body {
            Body::Sql(sql) => self.send(script, sql).await,
            Body::Code(source) => self.call(script, source).await,
        }
    }

    async fn send(&mut self, script: &Script, messages: &[String]) -> Result<(), MigrationError> {
        let batched = self.batched;
        let (connection, owner) = self.parts();
        for sql in messages {
            // Several statements in one message are one transaction to the server, which some statements refuse. Citus
            // refuses several DDL statements in one message.
            let statements = if script.migration.in_transaction && batched {
                vec![sql.as_str()]
            } else {
                let ranges = translate::statements(sql)
                    .map_err(|error| script_failed(owner, script, ScriptPlace::default(), Box::new(error)))?;
                ranges.into_iter().map(|range| &sql[range]).collect()
            };
            for sql in statements {
                connection.batch_execute(sql).await.map_err(|error| {
                    let position = match &error {
                        DieselError::DatabaseError(_, information) => information.statement_position(),
                        _ => None,
                    };
                    script_failed(owner, script, ScriptPlace::of(sql, position), Box::new(error))
                })?;
            }
        }
        Ok(())
    }

    /// Calls a migration written in Rust on a thread that may block. The migration is read again there, since it can't
    /// be sent between threads.
    async fn call(&mut self, script: &Script, source: &Source) -> Result<(), MigrationError> {
        let connection = self.take_for_code();
        let (source, version, direction) = (
            Source::clone(source),
            script.migration.version.clone(),
            script.direction,
        );
        let (connection, result) = blocking(move || {
            let mut connection = BlockingConnection::from(connection);
            let result = call_version(&*source, &version, direction, &mut connection);
            (connection.into_inner(), result)
        })
        .await;
        self.put_back(connection);
        result.map_err(|error| script_failed(self.parts().1, script, ScriptPlace::default(), error))
    }
}

fn script_failed(
    owner: &SchemaOwner,
    script: &Script,
    place: ScriptPlace,
    source: Box<dyn Error + Send + Sync>,
) -> MigrationError {
    let Script {
        migration, direction, ..
    } = script;
    MigrationError::Failed(Box::new(FailedMigration {
        owner: owner.clone(),
        version: migration.version.clone(),
        name: migration.name.clone(),
        direction: *direction,
        place,
        aftermath: if migration.in_transaction {
            Aftermath::RolledBack
        } else {
            Aftermath::Partial
        },
        outside: script.outside_work_for(owner),
        source,
    }))
}
