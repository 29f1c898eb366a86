use crate::{ConnectError, SchemaName, SchemaNameError, pool::DatabasesError};

/// Why tenants could not be compared with a template.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DriftError {
    /// No tenant can have one of the names.
    #[error("can't compare tenants")]
    InvalidName(#[from] SchemaNameError),
    /// The template does not exist.
    #[error("can't compare tenants with tenant {:?}: there is no such schema in the database", .template.as_str())]
    UnknownTemplate {
        /// The tenant to compare with.
        template: SchemaName,
    },
    /// No connection could be made.
    #[error("can't connect to compare tenants with tenant {:?}", .template.as_str())]
    Connect {
        /// The tenant to compare with.
        template: SchemaName,
        /// The reason.
        source: ConnectError,
    },
    /// A tenant's file could not be read.
    #[cfg(feature = "sqlite")]
    #[error("can't read the structure of tenant {:?}", .tenant.as_str())]
    File {
        /// The tenant.
        tenant: SchemaName,
        /// The reason.
        source: Box<crate::pool::SqliteError>,
    },
    /// The migrations could not be applied to the file that tenants are compared with.
    #[cfg(feature = "sqlite")]
    #[error("can't apply the migrations to a new file, to compare tenants with it")]
    Migrations {
        /// The reason.
        source: Box<crate::pool::SqliteError>,
    },
    /// The server of MySQL could not be used.
    #[cfg(feature = "mysql")]
    #[error("can't read the structure of tenants")]
    Mysql {
        /// The reason.
        source: Box<crate::pool::MysqlError>,
    },
    /// The tenants of MySQL could not be listed.
    #[cfg(feature = "mysql")]
    #[error("can't find the tenants to compare")]
    Tenants {
        /// The reason.
        source: Box<crate::CheckoutError>,
    },
    /// The catalogs could not be read.
    #[error("can't read the structure of {}", match .tenants.as_slice() {
        [one] => format!("tenant {:?}", one.as_str()),
        many => format!("{} tenants, {:?} and \
            others", many.len(), many.first().map(SchemaName::as_str).unwrap_or_default()),
    })]
    Read {
        /// The tenants whose catalogs were read.
        tenants: Vec<SchemaName>,
        /// What the server answered.
        source: diesel::result::Error,
    },
    /// The pool's databases can't be worked on together.
    #[error("can't compare the tenants of all databases")]
    Databases(#[from] DatabasesError),
    /// The tenants of a database can't be compared.
    #[error("can't compare the tenants of database {database:?}")]
    Database {
        /// The database.
        database: String,
        /// The reason.
        source: Box<DriftError>,
    },
}
