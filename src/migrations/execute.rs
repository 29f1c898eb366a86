//! What a migration does: SQL that is sent, or Rust code that is called.

use std::{error::Error, sync::Arc};

use diesel::{migration::MigrationSource, pg::Pg, result::Error as DieselError};
use diesel_async::SimpleAsyncConnection;

use super::{
    Aftermath, BlockingConnection, Direction, FailedMigration, MigrationError, Place, Runner, SchemaOwner,
    script::Script,
};
use crate::translate;

impl Runner {
    pub(super) async fn run_sql(
        &mut self,
        scripts: &[String],
        script: &Script,
        direction: Direction,
    ) -> Result<(), MigrationError> {
        let (connection, owner) = self.parts();
        for sql in scripts {
            // Several statements in one message are one transaction to the server, which some statements refuse.
            let statements = if script.in_transaction {
                vec![sql.as_str()]
            } else {
                let ranges = translate::statements(sql)
                    .map_err(|error| script_failed(owner, script, direction, Place::default(), Box::new(error)))?;
                ranges.into_iter().map(|range| &sql[range]).collect()
            };
            for sql in statements {
                connection.batch_execute(sql).await.map_err(|error| {
                    let position = match &error {
                        DieselError::DatabaseError(_, information) => information.statement_position(),
                        _ => None,
                    };
                    script_failed(owner, script, direction, Place::of(sql, position), Box::new(error))
                })?;
            }
        }
        Ok(())
    }

    /// Runs a migration that is more than SQL where it may block. It is read anew, since it can't be sent between threads.
    pub(super) async fn run_code(
        &mut self,
        source: Arc<dyn MigrationSource<Pg> + Send + Sync>,
        script: &Script,
        direction: Direction,
    ) -> Result<(), MigrationError> {
        let connection = self
            .connection
            .take()
            .expect("the connection is put back after each migration");
        let version = script.version.clone();
        let blocking = tokio::task::spawn_blocking(move || {
            let mut connection = BlockingConnection::from(connection);
            let result = run_version(&*source, &version, direction, &mut connection);
            (connection.into_inner(), result)
        });
        let (connection, result) = match blocking.await {
            Ok(done) => done,
            Err(panic) => std::panic::resume_unwind(panic.into_panic()),
        };
        self.connection = Some(connection);
        result.map_err(|error| script_failed(&self.owner, script, direction, Place::default(), error))
    }
}

fn script_failed(
    owner: &SchemaOwner,
    script: &Script,
    direction: Direction,
    place: Place,
    source: Box<dyn Error + Send + Sync>,
) -> MigrationError {
    MigrationError::Failed(Box::new(FailedMigration {
        owner: owner.clone(),
        version: script.version.clone(),
        name: script.name.clone(),
        direction,
        place,
        aftermath: if script.in_transaction {
            Aftermath::RolledBack
        } else {
            Aftermath::Partial
        },
        source,
    }))
}

fn run_version(
    source: &dyn MigrationSource<Pg>,
    version: &str,
    direction: Direction,
    connection: &mut BlockingConnection,
) -> diesel::migration::Result<()> {
    let migrations = source.migrations()?;
    let migration = migrations
        .iter()
        .find(|migration| migration.name().version().to_string() == version)
        .ok_or("the migration is gone from its source")?;
    match direction {
        Direction::Up => migration.run(connection),
        Direction::Down => migration.revert(connection),
    }
}
