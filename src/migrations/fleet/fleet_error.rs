use std::time::Duration;

use crate::{
    ConnectError, MigrationSourceError, SchemaName, SchemaNameError, migrations::OutsideWork, pool::DatabasesError,
};

/// Why a fleet was not migrated at all: nothing was applied to any tenant. Failures of single tenants are in the
/// [report](super::FleetReport).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FleetError {
    /// The name of a requested tenant can't be a schema's name.
    #[error("no tenant can have one of the requested names, and nothing was done")]
    InvalidName(#[from] SchemaNameError),
    /// A requested tenant doesn't exist.
    #[error("there is no tenant {:?}, and nothing was done", .tenant.as_str())]
    UnknownTenant {
        /// The tenant.
        tenant: SchemaName,
    },
    /// The migrations can't be used.
    #[error("can't migrate the tenants")]
    Source(#[from] MigrationSourceError),
    /// The migrations, or the folder of the tenants' files, can't be used.
    #[cfg(feature = "sqlite")]
    #[error("can't use the migrations, or the folder of the tenants' files")]
    Files(#[source] crate::pool::SqliteError),
    /// The migrations for MySQL can't be used, or the server can't be reached.
    #[cfg(feature = "mysql")]
    #[error("can't use the migrations, or the server")]
    Mysql(#[source] Box<crate::pool::MysqlError>),
    /// No connection could be made.
    #[error("can't connect to migrate the tenants")]
    Connect(#[from] ConnectError),
    /// The tenants, or their applied versions, can't be read.
    #[error("can't read the tenants and their applied versions")]
    Tenants(#[source] diesel::result::Error),
    /// The server accepts no writes.
    #[error(
        "can't migrate the tenants: the server at {server} accepts no writes, because it is a standby or is set to \
         read-only, and nothing was done; give the URL of the primary, or all hosts in one URL with \
         target_session_attrs=read-write"
    )]
    ReadOnly {
        /// The server.
        server: String,
    },
    /// Another fleet migration of this database did not end in time.
    #[error(
        "another migration of the tenants was still running after {waited:?}: try again, or look in pg_locks for the \
         session that holds the advisory lock"
    )]
    Locked {
        /// How long the migration waited.
        waited: Duration,
    },
    /// A migration would work outside the tenants' schemas, which the pool refuses.
    #[error(
        "{work}: this works outside the tenants' schemas, and was refused; move it to the shared migrations, or write \
         names without a schema, so that the objects become each tenant's own"
    )]
    OutsideWork {
        /// What the migration would do.
        work: OutsideWork,
    },
    /// A migration runs outside a transaction, and a pooler may be between the library and the server.
    #[error(
        "migration {name} doesn't run in a transaction, so it needs a session of its own, which a pooler in between \
         may not give: give a URL that bypasses the pooler to `migration_url`"
    )]
    NeedsSession {
        /// The migration's name.
        name: String,
    },
    /// The pool's databases can't be worked on together.
    #[error("nothing was done in any database")]
    Databases(#[from] DatabasesError),
    /// One of several databases has a problem.
    #[error("nothing was done in any database, because of database {database:?}")]
    Database {
        /// The database.
        database: String,
        /// The problem.
        source: Box<FleetError>,
    },
    /// A requested tenant lives in a database that can't be reached.
    #[error("tenant {:?} lives in database {database:?}, which can't be reached, and nothing was done", .tenant.as_str())]
    UnreachableTenant {
        /// The tenant.
        tenant: SchemaName,
        /// The database.
        database: String,
    },
    /// Several databases have a schema by the name of a requested tenant, and the directory knows none of them.
    #[error(
        "several databases have a tenant {:?}: {databases:?}, and nothing was done; choose the database as well",
        .tenant.as_str()
    )]
    AmbiguousTenant {
        /// The tenant.
        tenant: SchemaName,
        /// The databases.
        databases: Vec<String>,
    },
}

impl FleetError {
    /// The error of one of several databases.
    pub(crate) fn in_database(self, database: &str) -> Self {
        Self::Database {
            database: database.to_owned(),
            source: Box::new(self),
        }
    }
}
