use crate::{ConnectError, SchemaName, SchemaNameError, pool::DatabasesError};

/// Why there is no plan. Nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BalanceError {
    /// The databases can't be worked on together.
    #[error(transparent)]
    Databases(#[from] DatabasesError),
    /// Without a directory that can be told of a move, no tenant can be moved.
    #[error(
        "can't balance the databases: tenants can be moved only if a directory lists them and can be told of the \
         move; a pool with `DirectoryTables` creates its tables by `prepare_directory`"
    )]
    NoDirectory,
    /// The tolerance is not a fraction.
    #[error(
        "can't balance the databases: the tolerance is a fraction of the average, from 0 to 1, and not {tolerance}"
    )]
    Tolerance {
        /// The value.
        tolerance: f64,
    },
    /// No tenant can have the name of a tenant that is to stay.
    #[error("can't balance the databases: `keep` names something that can't be a tenant's name")]
    InvalidName(#[from] SchemaNameError),
    /// A tenant that is to stay does not exist: its name may be misspelled.
    #[error("can't balance the databases: `keep` names tenant {:?}, which does not exist", .tenant.as_str())]
    UnknownTenant {
        /// The name.
        tenant: SchemaName,
    },
    /// No further connection to a database could be made.
    #[error("can't measure the tenants of database {database:?}")]
    Connect {
        /// The database.
        database: String,
        /// The reason.
        source: ConnectError,
    },
    /// The sizes could not be read: because a table was locked for too long, for instance, by `VACUUM FULL` or by a
    /// migration. Then try again later.
    #[error("can't measure the tenants of database {database:?}")]
    Measure {
        /// The database.
        database: String,
        /// The server's error.
        source: diesel::result::Error,
    },
}
