use std::{error::Error, fmt};

use crate::{
    SchemaName,
    backend::mysql::{SessionError, lifecycle::OperationError, migrations::MigrationProblem},
};

/// Why a tenant's database on MySQL or MariaDB can't be used. The message names the database, and what to do.
pub struct MysqlError(Reason);

#[derive(Debug, thiserror::Error)]
enum Reason {
    #[error(transparent)]
    Migrations(MigrationProblem),
    #[error(transparent)]
    Life(OperationError),
    #[error(transparent)]
    Session(SessionError),
    #[error(
        "the shared database {:?} has a directory, the tables `tenants` and `domains`, which this pool would not \
         update; give its builder `.directory(DirectoryTables::new())`", .shared.as_str()
    )]
    DirectoryIgnored { shared: SchemaName },
}

impl MysqlError {
    pub(crate) fn migrations(problem: MigrationProblem) -> Box<Self> {
        Box::new(Self(Reason::Migrations(problem)))
    }

    pub(crate) fn life(error: OperationError) -> Box<Self> {
        Box::new(Self(Reason::Life(error)))
    }

    pub(crate) fn directory_ignored(shared: &SchemaName) -> Self {
        Self(Reason::DirectoryIgnored { shared: shared.clone() })
    }

    pub(crate) fn session(error: SessionError) -> Box<Self> {
        Box::new(Self(Reason::Session(error)))
    }
}

impl fmt::Debug for MysqlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for MysqlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl Error for MysqlError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source()
    }
}
