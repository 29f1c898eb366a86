use std::{io, path::PathBuf};

use crate::{ConnectError, LifecycleError, MigrationError, SchemaName, SchemaNameError};

/// Why tables could not be declared.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RustSchemaError {
    /// No tenant can have that name.
    #[error("can't declare tables: a schema's name is invalid")]
    InvalidName(#[from] SchemaNameError),
    /// The tenant's schema does not exist.
    #[error("can't read the tables of tenant {:?}: there is no such schema in the database", .tenant.as_str())]
    UnknownTenant {
        /// The tenant whose tables were to be read.
        tenant: SchemaName,
    },
    /// The schema's name is not an identifier, and `table!` takes only identifiers for schemas.
    #[error(
        "can't declare tables in the schema {schema:?}: Diesel's `table!` takes only identifiers there; rename the \
         schema"
    )]
    SchemaNotAnIdentifier {
        /// The shared schema, or the symbolic one.
        schema: String,
    },
    /// No connection could be made.
    #[error("can't connect to read the tables")]
    Connect(#[source] ConnectError),
    /// The catalogs could not be read.
    #[error("can't read the tables from the catalogs")]
    Read(#[source] diesel::result::Error),
    /// The role may not create databases.
    #[error(
        "can't create a scratch database for the migrations: the role {role:?} may not create databases. Grant it that \
         right (ALTER ROLE … CREATEDB), use another server's URL, or read a live tenant (`from_tenant`, `--tenant`)"
    )]
    MayNotCreateDatabases {
        /// The role of the connection.
        role: String,
    },
    /// The server refused to create the scratch database.
    #[error("can't create the scratch database {database:?} for the migrations")]
    CreateScratch {
        /// The name that the database was to have.
        database: String,
        /// What the server answered.
        source: diesel::result::Error,
    },
    /// The statements given to `set_up` failed.
    #[error("can't set up the scratch database: the statements given to `set_up` failed")]
    SetUp(#[source] diesel::result::Error),
    /// The shared migrations failed.
    #[error("can't apply the shared migrations in a scratch database")]
    MigrateShared(#[source] Box<MigrationError>),
    /// The tenants' migrations failed.
    #[error("can't apply the tenants' migrations in a scratch database")]
    MigrateTenant(#[source] Box<LifecycleError>),
    /// The migrations failed in a scratch database that lacks extensions of the pool's own database.
    #[error(
        "a migration failed in the scratch database, which lacks extensions of the live database that can't be created \
         there: {}; give `template` a database that has these extensions and nothing else",
        .extensions.join(", ")
    )]
    MissingExtensions {
        /// The extensions, each with the server's reason.
        extensions: Vec<String>,
        /// The failure.
        source: Box<RustSchemaError>,
    },
    /// A tenant's file, or the shared one, can't be read.
    #[cfg(feature = "sqlite")]
    #[error("can't read the tables from the files")]
    Files(#[source] crate::pool::SqliteError),
    /// The scratch folder could not be made.
    #[cfg(feature = "sqlite")]
    #[error("can't make the scratch folder {} for the migrations", .path.display())]
    ScratchFolder {
        /// The folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The scratch folder could not be used.
    #[cfg(feature = "sqlite")]
    #[error("can't use the scratch folder {} for the migrations", .path.display())]
    ScratchPool {
        /// The folder.
        path: PathBuf,
        /// The reason.
        source: Box<crate::BuildError>,
    },
    /// The server of MySQL could not be used.
    #[cfg(feature = "mysql")]
    #[error("can't read the tables of MySQL, or prepare scratch databases for them")]
    Server(#[source] Box<crate::pool::MysqlError>),
    /// The tenants could not be listed.
    #[cfg(feature = "mysql")]
    #[error("can't find the tenant whose tables are to be declared")]
    Tenants(#[source] Box<crate::CheckoutError>),
    /// No pool for the scratch databases could be made.
    #[cfg(feature = "mysql")]
    #[error("can't use the server for scratch databases")]
    ScratchServer(#[source] Box<crate::BuildError>),
    /// The scratch database could not be dropped.
    #[error("can't drop the scratch database {database:?}; drop it by hand")]
    DropScratch {
        /// The scratch database.
        database: String,
        /// What the server answered.
        source: diesel::result::Error,
    },
}

/// Why declarations could not be written to files, or compared with them.
#[derive(Debug, thiserror::Error)]
#[error("can't {attempt} {}", .path.display())]
#[non_exhaustive]
pub struct SchemaFileError {
    /// What was attempted.
    pub attempt: &'static str,
    /// The file or folder.
    pub path: PathBuf,
    /// The reason.
    pub source: io::Error,
}
