//! The lives of tenants that are files of SQLite.

mod archive;
mod archives;
mod clone;
mod create;
mod drop;
mod operation;
mod rename;
mod status;
mod with_directory;

use super::LifecycleError;
use crate::{backend::sqlite::files::FileError, pool::SqliteError, tenancy::LifecycleEvent};

/// The error of an operation that failed at a file.
pub(crate) fn of_file(event: &LifecycleEvent, error: FileError) -> LifecycleError {
    let name = event.tenant();
    let missing = match event {
        LifecycleEvent::Clone { from, .. } | LifecycleEvent::Rename { from, .. } => from,
        _ => name,
    };
    match error {
        FileError::Exists { .. } => LifecycleError::AlreadyExists { tenant: name.clone() },
        FileError::Missing { .. } => LifecycleError::NotFound {
            tenant: missing.clone(),
        },
        FileError::NotArchived { .. } => match event {
            LifecycleEvent::Restore { archive, .. } => LifecycleError::NotArchived {
                archive: archive.clone(),
            },
            _ => LifecycleError::NotArchived { archive: name.clone() },
        },
        error => LifecycleError::Files {
            operation: event.clone(),
            source: Box::new(SqliteError::file(error)),
        },
    }
}
