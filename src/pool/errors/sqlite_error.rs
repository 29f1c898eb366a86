use std::{error::Error, fmt, io, path::Path, path::PathBuf};

use crate::backend::sqlite::{
    connection::AttachError,
    files::{FileError, FolderError},
    migrations::MigrationProblem,
};

/// Why a folder of SQLite, or a tenant's file in it, can't be used. The message names the path, and what to do.
pub struct SqliteError(Reason);

#[derive(Debug, thiserror::Error)]
enum Reason {
    #[error("can't create the folder {}", .path.display())]
    Create { path: PathBuf, source: io::Error },
    #[error(transparent)]
    Folder(FolderError),
    #[error(transparent)]
    File(FileError),
    #[error(transparent)]
    Attach(AttachError),
    #[error(transparent)]
    Migrations(MigrationProblem),
    #[error("the migrations can't be read: {0}")]
    Unreadable(String),
    #[error("SQLite can't open a connection")]
    Connect(#[source] diesel::ConnectionError),
}

impl SqliteError {
    pub(crate) fn creating(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self(Reason::Create { path, source })
    }

    pub(crate) fn file(error: FileError) -> Self {
        Self(Reason::File(error))
    }

    pub(crate) fn folder(error: FolderError) -> Self {
        Self(Reason::Folder(error))
    }

    pub(crate) fn attach(error: AttachError) -> Self {
        Self(Reason::Attach(error))
    }

    pub(crate) fn migrations(problem: MigrationProblem) -> Self {
        Self(Reason::Migrations(problem))
    }

    /// Like [`migrations`](Self::migrations), for the second tenant to which it happens.
    pub(crate) fn unreadable(problem: &MigrationProblem) -> Self {
        Self(Reason::Unreadable(problem.to_string()))
    }

    /// Whether there is no tenant's file.
    pub(crate) fn is_missing(&self) -> bool {
        matches!(self.0, Reason::File(FileError::Missing { .. }))
    }

    pub(crate) fn connect(error: diesel::ConnectionError) -> Self {
        Self(Reason::Connect(error))
    }
}

impl fmt::Debug for SqliteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for SqliteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl Error for SqliteError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source()
    }
}
