//! The lives of tenants that are databases of MySQL or MariaDB.

mod archives;
mod create;
mod operation;
mod requests;
mod status;
mod sweep;

use super::LifecycleError;
use crate::{
    MigrationError,
    backend::mysql::{SessionError, lives::LifeError},
    migrations::{SchemaOwner, of_life as migration_error},
    pool::MysqlError,
    tenancy::LifecycleEvent,
};
pub use sweep::SweepReport;

/// The error of an operation that failed at a database.
pub(crate) fn of_life(event: &LifecycleEvent, error: LifeError) -> LifecycleError {
    match error {
        LifeError::Exists { database } => LifecycleError::AlreadyExists { tenant: database },
        LifeError::Missing { database } => LifecycleError::NotFound { tenant: database },
        LifeError::NotArchived { database } => LifecycleError::NotArchived { archive: database },
        LifeError::Session(SessionError::Database(source)) => LifecycleError::of(event, source),
        LifeError::Migration(problem) => {
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
