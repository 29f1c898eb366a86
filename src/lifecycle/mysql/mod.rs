//! The lifecycle of tenants that are databases of MySQL or MariaDB.

mod adopt;
mod archives;
mod create;
mod directory;
mod elsewhere;
mod operation;
mod place_elsewhere;
mod requests;
mod status;
mod sweep;

use diesel::result::{DatabaseErrorKind, Error as DieselError};

use super::{LifecycleError, lifecycle_error::is_for_who_left};
use crate::{
    MigrationError, SchemaName,
    backend::directory_tables::DirectoryUnusable,
    backend::mysql::{SessionError, lifecycle::OperationError, quote, registry::TENANTS},
    migrations::{SchemaOwner, of_life as migration_error},
    pool::MysqlError,
    tenancy::LifecycleEvent,
};
pub use sweep::SweepReport;

/// The error of an operation that failed at a database. `shared` is the shared database.
pub(crate) fn of_life(event: &LifecycleEvent, shared: &SchemaName, error: OperationError) -> LifecycleError {
    match error {
        OperationError::Directory(source) => refused(event, shared, source),
        OperationError::Exists { database } => LifecycleError::AlreadyExists { tenant: database },
        OperationError::Missing { database } => LifecycleError::NotFound { tenant: database },
        OperationError::Placed { database, shared } => LifecycleError::OthersDirectory {
            operation: event.clone(),
            make_own: format!(
                "UPDATE {}.{TENANTS} SET placed_by = NULL WHERE name = {}",
                quote::database(&shared),
                quote::literal(database.as_str())
            ),
        },
        OperationError::NotArchived { database } => LifecycleError::NotArchived { archive: database },
        OperationError::Session(SessionError::Database(source)) => LifecycleError::of(event, source),
        OperationError::Migration(problem) => {
            let tenant = event.tenant().clone();
            let source: MigrationError = migration_error(&SchemaOwner::Tenant(tenant.clone()), problem.into());
            LifecycleError::Tables { tenant, source }
        }
        error => LifecycleError::Mysql {
            operation: event.clone(),
            source: MysqlError::life(error),
        },
    }
}

/// The error of an operation whose change the directory's tables refuse.
fn refused(event: &LifecycleEvent, shared: &SchemaName, source: DieselError) -> LifecycleError {
    let operation = event.clone();
    match source {
        source if is_for_who_left(&source) => LifecycleError::LeftLately { operation, source },
        source @ DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, _) => {
            LifecycleError::PlaceTaken { operation, source }
        }
        source => LifecycleError::DirectoryUnusable {
            operation,
            source: DirectoryUnusable::Refused {
                schema: shared.clone(),
                source,
            },
        },
    }
}
