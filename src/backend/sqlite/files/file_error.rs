use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use diesel::result::{DatabaseErrorKind, Error as DieselError};

use super::FileNameError;
use crate::backend::sqlite::migrations::MigrationProblem;

/// Why something could not be done to a tenant's file.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FileError {
    #[error("no tenant's file can have that name")]
    Name(#[from] FileNameError),
    #[error("there is a file {} already", .path.display())]
    Exists { path: PathBuf },
    #[error("there is no tenant in {}", .path.display())]
    Missing { path: PathBuf },
    #[error("{} is not an archive", .path.display())]
    NotArchived { path: PathBuf },
    #[error("{} is not a database of SQLite, or is damaged", .path.display())]
    NotADatabase { path: PathBuf, source: DieselError },
    /// Another operation holds the tenant's lock.
    #[error("after {waited:?} another operation still held {}{}", .lock.display(), held_by(.holder))]
    Locked {
        lock: PathBuf,
        /// What the holder wrote into the lock file: its process, and what it does.
        holder: String,
        waited: Duration,
    },
    /// A connection, in this process or another one, has the file open.
    #[error("after {waited:?} a connection still had {} open", .path.display())]
    InUse { path: PathBuf, waited: Duration },
    /// What is in the log beside the file does not belong to it, or can't be copied into it.
    #[error("the log beside {} can't be emptied: look whether it belongs to this file", .path.display())]
    Log { path: PathBuf },
    #[error("the export holds no tenant's file: it has no version table, or other versions than the export says")]
    NotATenant,
    #[error("can't {doing} {}", .path.display())]
    Io {
        doing: &'static str,
        path: PathBuf,
        source: io::Error,
    },
    #[error("can't {doing} {}{}", .path.display(), guess(.source))]
    Sqlite {
        doing: &'static str,
        path: PathBuf,
        source: DieselError,
    },
    #[error("can't open {}", .path.display())]
    Open {
        path: PathBuf,
        source: diesel::ConnectionError,
    },
    #[error("can't migrate {}", .path.display())]
    Migration {
        path: PathBuf,
        source: Box<MigrationProblem>,
    },
}

fn held_by(holder: &str) -> String {
    match holder {
        "" => String::new(),
        holder => format!(" ({holder})"),
    }
}

/// SQLite has no other words for a disk without room for its shared memory.
fn guess(error: &DieselError) -> &'static str {
    match says(error, &["disk I/O error"]) {
        true => " (is the disk full?)",
        false => "",
    }
}

impl FileError {
    pub(crate) fn io(doing: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Io {
            doing,
            path: path.to_owned(),
            source,
        }
    }

    /// Makes errors of SQLite at this file.
    pub(super) fn sqlite(doing: &'static str, path: &Path) -> impl Fn(DieselError) -> Self {
        move |source| {
            let path = path.to_owned();
            match is_no_database(&source) {
                true => Self::NotADatabase { path, source },
                false => Self::Sqlite { doing, path, source },
            }
        }
    }

    /// Makes errors of migrations of this file.
    pub(crate) fn migration(path: &Path) -> impl Fn(MigrationProblem) -> Self {
        move |source| Self::Migration {
            path: path.to_owned(),
            source: Box::new(source),
        }
    }
}

/// Whether SQLite says that others have the file locked.
pub(super) fn is_busy(error: &DieselError) -> bool {
    says(error, &["database is locked", "database table is locked"])
}

fn is_no_database(error: &DieselError) -> bool {
    says(error, &["file is not a database", "database disk image is malformed"])
}

/// Diesel keeps SQLite's message, and not its code.
fn says(error: &DieselError, messages: &[&str]) -> bool {
    matches!(error, DieselError::DatabaseError(DatabaseErrorKind::Unknown, information)
        if messages.contains(&information.message()))
}
