//! Why a migration did not run on a tenant.

use diesel::result::{DatabaseErrorKind, Error as DieselError};

use super::message::{Addressed, Message};
use crate::{
    backend::postgres::{
        LOCKED,
        catalog::{invalid_indexes::invalid_index_in, schema::status_of},
        own_objects,
        version_table::text::NOT_APPLIED,
    },
    migrations::{
        Aftermath, Direction, FailedMigration, MigrationError, Runner, ScriptPlace,
        postgres::{run::Outcome, script::Script},
    },
};

/// Why a migration did not run.
pub(super) enum Failure {
    /// Another process is migrating the tenant.
    Locked,
    Error(MigrationError),
}

/// Turns an error of the server into the failure of a migration.
pub(super) async fn explain(
    error: DieselError,
    runner: &mut Runner,
    script: &Script,
    message: &Message<'_>,
    addressed: &Addressed,
) -> Result<Outcome, Failure> {
    let position = match &error {
        DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, information)
            if script.direction == Direction::Up && information.table_name() == Some(own_objects::VERSION_TABLE) =>
        {
            return Ok(Outcome::AlreadyDone);
        }
        DieselError::DatabaseError(_, information) if information.message().contains(LOCKED) => {
            return Err(Failure::Locked);
        }
        DieselError::DatabaseError(_, information) if information.message().contains(NOT_APPLIED) => {
            return Ok(Outcome::AlreadyDone);
        }
        DieselError::DatabaseError(_, information) => {
            if let Some(index) = invalid_index_in(information.message()) {
                return Err(Failure::Error(MigrationError::InvalidIndexes {
                    owner: runner.parts().1.clone(),
                    name: script.migration.name.clone(),
                    indexes: vec![index],
                }));
            }
            information.statement_position()
        }
        _ => None,
    };
    let (connection, owner) = runner.parts();
    let is_lost = match status_of(owner.schema(), connection).await {
        Ok(Some(status)) if status.is_migrated() => false,
        Ok(_) => return Err(Failure::Error(MigrationError::UnknownSchema { owner: owner.clone() })),
        // The transaction has ended, so a connection that can't answer now is lost.
        Err(_) => true,
    };
    let in_body = position.map(|position| position - i32::try_from(addressed.body_at).unwrap_or(i32::MAX));
    if in_body.is_some_and(|position| position < 1) {
        return Err(Failure::Error(owner.failed()(error)));
    }
    Err(Failure::Error(MigrationError::Failed(Box::new(FailedMigration {
        owner: owner.clone(),
        version: script.migration.version.clone(),
        name: script.migration.name.clone(),
        direction: script.direction,
        place: ScriptPlace::of(&message.body, in_body),
        aftermath: if is_lost {
            Aftermath::Unknown
        } else {
            Aftermath::RolledBack
        },
        outside: script.outside_work_for(owner),
        source: Box::new(error),
    }))))
}

/// Whether the connection was lost in a migration.
pub(super) fn is_lost(error: &MigrationError) -> bool {
    matches!(error, MigrationError::Failed(failed) if failed.aftermath == Aftermath::Unknown)
}

/// Whether another attempt may succeed. Diesel doesn't show the server's error codes, and messages may be in any
/// language. So an error without a place in the text, after the time of `lock_timeout`, may be about a lock.
pub(super) fn is_about_locks(error: &MigrationError, has_waited: bool) -> bool {
    let MigrationError::Failed(failed) = error else {
        return false;
    };
    if is_lost(error) {
        return false;
    }
    match failed.source.downcast_ref::<DieselError>() {
        Some(DieselError::DatabaseError(DatabaseErrorKind::SerializationFailure, _)) => true,
        Some(DieselError::DatabaseError(DatabaseErrorKind::Unknown, information)) => {
            information.message().contains("deadlock detected")
                || (has_waited && information.statement_position().is_none())
        }
        _ => false,
    }
}
