use std::time::Duration;

use diesel_tenants_translate::SchemaName;

use crate::backend::mysql::{SessionError, migrations::MigrationProblem, quote, registry};

/// Why a tenant's database could not be made, changed or dropped.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OperationError {
    #[error("the database {:?} exists already, and was not changed", .database.as_str())]
    Exists { database: SchemaName },
    /// InnoDB would confuse the foreign keys of the two, and MariaDB would drop the events of both.
    #[error(
        "there is a database {other:?}, and the server does not tell apart databases whose names differ only in case or \
         accents in all that it does: choose another name than {:?}", .database.as_str()
    )]
    SameButForCase { database: SchemaName, other: String },
    /// MariaDB drops the events of databases whose names differ only in case or accents together.
    #[error(
        "the database {:?} can't be {what}: the server would also drop the events of {}, because it does not tell apart \
         databases whose names differ only in case or accents; drop those events first, and make them again afterwards",
        .database.as_str(), .others.join(", ")
    )]
    SharesEvents {
        database: SchemaName,
        what: &'static str,
        others: Vec<String>,
    },
    /// The directory's tables refuse what the operation would write. Nothing was done.
    #[error("the directory refuses the change")]
    Directory(#[source] diesel::result::Error),
    #[error(
        "the tenant {:?} belongs to the directory of another server, which would not learn of the change",
        .database.as_str()
    )]
    Placed { database: SchemaName, shared: SchemaName },
    #[error(
        "the directory of the tenant's own server lists {:?}, and programs that use it would not learn of the change: \
         delete the row there first (DELETE FROM {}.tenants WHERE schema_name = {})",
        .database.as_str(), quote::database(shared), quote::literal(.database.as_str())
    )]
    Listed { database: SchemaName, shared: SchemaName },
    #[error("there is no tenant {:?}", .database.as_str())]
    Missing { database: SchemaName },
    #[error("{:?} is not an archive", .database.as_str())]
    NotArchived { database: SchemaName },
    /// Transactions of others hold the tables.
    #[error(
        "tables of {:?} were in use for longer than {waited:?}: try again later, or end the sessions that use them \
         (SHOW PROCESSLIST shows them)", .database.as_str()
    )]
    InUse { database: SchemaName, waited: Duration },
    #[error("the database {:?} is being {what}, or that was interrupted: {remedy} first", .database.as_str())]
    Unfinished {
        database: SchemaName,
        what: String,
        remedy: String,
    },
    #[error("the database {:?} can't be {what}, and nothing was changed: {}", .database.as_str(), .reasons.join("; "))]
    Unmovable {
        database: SchemaName,
        what: &'static str,
        reasons: Vec<String>,
    },
    #[error("foreign keys of other databases refer to {:?}: {}; drop them first", .database.as_str(), .by.join(", "))]
    Referenced { database: SchemaName, by: Vec<String> },
    #[error("the server lacks {}, to which the tenant's tables refer", .objects.join(", "))]
    Lacks { objects: Vec<String> },
    #[error(
        "rows of {:?} refer to rows that the server lacks: {}; bring those there first", .database.as_str(),
        .keys.join(", ")
    )]
    Orphans { database: SchemaName, keys: Vec<String> },
    #[error(transparent)]
    Migration(#[from] MigrationProblem),
    #[error(transparent)]
    Session(#[from] SessionError),
}

impl From<registry::Rehearsed> for OperationError {
    fn from(rehearsed: registry::Rehearsed) -> Self {
        match rehearsed {
            registry::Rehearsed::Refused(error) => Self::Directory(error),
            registry::Rehearsed::Failed(error) => error.into(),
        }
    }
}

impl From<diesel::result::Error> for OperationError {
    fn from(error: diesel::result::Error) -> Self {
        Self::Session(error.into())
    }
}
