//! The errors of migrations on MySQL, as those of migrations on every database.

use crate::{
    MigrationError, MigrationSourceError,
    backend::mysql::{
        SessionError,
        lifecycle::OperationError,
        migrations::{self, MigrationProblem},
    },
    migrations::{Aftermath, FailedMigration, Place, SchemaOwner},
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
            let migrations::Failed {
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
                place: Place { line },
                aftermath: match aftermath {
                    migrations::Aftermath::RolledBack => Aftermath::RolledBack,
                    migrations::Aftermath::Recorded { done, total } => Aftermath::Recorded { done, total },
                    migrations::Aftermath::Committed => Aftermath::Committed,
                    migrations::Aftermath::Lost => Aftermath::Lost,
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
