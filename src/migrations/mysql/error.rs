//! The errors of migrations on MySQL, as those of migrations on every database.

use crate::{
    MigrationError, MigrationSourceError,
    backend::mysql::{
        SessionError,
        lifecycle::OperationError,
        migrations::{Failed, MigrationProblem, MysqlAftermath},
    },
    migrations::{Aftermath, FailedMigration, SchemaOwner, ScriptPlace},
    pool::MysqlError,
};

/// The error of a migration of this database.
pub(crate) fn of_life(owner: &SchemaOwner, error: OperationError) -> MigrationError {
    match error {
        OperationError::Migration(problem) => of_problem(owner, problem),
        OperationError::Missing { .. } => MigrationError::UnknownSchema { owner: owner.clone() },
        OperationError::Session(SessionError::Database(source)) => MigrationError::Versions {
            owner: owner.clone(),
            source,
        },
        error => MigrationError::Mysql {
            owner: owner.clone(),
            source: MysqlError::life(error),
        },
    }
}

fn of_problem(owner: &SchemaOwner, problem: MigrationProblem) -> MigrationError {
    let source = |source| MigrationError::Source {
        owner: owner.clone(),
        source,
    };
    match problem {
        MigrationProblem::Unreadable(error) => source(MigrationSourceError::Unreadable(error)),
        MigrationProblem::DuplicateVersion { version } => source(MigrationSourceError::DuplicateVersion { version }),
        MigrationProblem::Irreversible { name, reason } => source(MigrationSourceError::Irreversible { name, reason }),
        MigrationProblem::UnknownVersion { version } => MigrationError::UnknownVersion {
            owner: owner.clone(),
            version,
        },
        MigrationProblem::Missing { .. } => MigrationError::UnknownSchema { owner: owner.clone() },
        MigrationProblem::Failed(failed) => {
            let Failed {
                version,
                name,
                direction,
                line,
                aftermath,
                source,
            } = *failed;
            MigrationError::Failed(Box::new(FailedMigration {
                owner: owner.clone(),
                version,
                name,
                direction,
                place: ScriptPlace { line },
                aftermath: match aftermath {
                    MysqlAftermath::RolledBack => Aftermath::RolledBack,
                    MysqlAftermath::Recorded { done, total } => Aftermath::Recorded { done, total },
                    MysqlAftermath::Committed => Aftermath::Committed,
                    MysqlAftermath::Lost => Aftermath::Lost,
                },
                outside: None,
                source,
            }))
        }
        MigrationProblem::Session(SessionError::Database(source)) => MigrationError::Versions {
            owner: owner.clone(),
            source,
        },
        problem => MigrationError::Mysql {
            owner: owner.clone(),
            source: MysqlError::migrations(problem),
        },
    }
}
