use std::io;

use crate::{CheckoutError, ConnectError, MigrationError, Placement, SchemaName, SchemaNameError};

/// Why a tenant could not be exported. The tenant is unchanged. The written part lacks the end of an export, and can't
/// be imported.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// No tenant can have that name.
    #[error("can't export a tenant")]
    InvalidName(#[from] SchemaNameError),
    /// There is no such tenant.
    #[error(
        "can't export tenant {:?}: there is no such tenant in the database; `tenants` lists the existing tenants",
        .tenant.as_str()
    )]
    UnknownTenant {
        /// The tenant to export.
        tenant: SchemaName,
    },
    /// The tenant does not live in a schema of its name.
    #[error(
        "can't export tenant {:?}: it lives in {placement}; only a tenant in a schema of its name in the pool's own \
         database can be exported",
        .tenant.as_str()
    )]
    Elsewhere {
        /// The tenant to export.
        tenant: SchemaName,
        /// Where it lives.
        placement: Placement,
    },
    /// The directory can't be asked where the tenant lives.
    #[error("can't export tenant {:?}", .tenant.as_str())]
    Directory {
        /// The tenant to export.
        tenant: SchemaName,
        /// The reason.
        source: CheckoutError,
    },
    /// A function of the application opens the pool's connections, and these can't copy rows.
    #[error(
        "can't export tenant {:?}: copying rows needs a connection of the driver, and the pool opens its connections \
         by `establish_with`; give the same TLS connector to `tls`", .tenant.as_str()
    )]
    NeedsTls {
        /// The tenant to export.
        tenant: SchemaName,
    },
    /// The tenant has objects that can't be created in another schema.
    #[error(
        "can't export tenant {:?}, because it has objects that can't be created in another schema: {}; move them to a \
         schema of extensions, or remove them", .tenant.as_str(), .objects.join(", ")
    )]
    Unsupported {
        /// The tenant to export.
        tenant: SchemaName,
        /// Descriptions of the objects.
        objects: Vec<String>,
    },
    /// Functions or queries of the tenant may contain its schema's name, where the name can't be distinguished from
    /// other names.
    #[error(
        "can't export tenant {:?}: it is unclear where {} would lead under another name, because the schema's name is \
         in a string, or may be an alias; leave the schema's name out there, and give functions a `SET search_path`",
        .tenant.as_str(), .objects.join(", ")
    )]
    Unclear {
        /// The tenant to export.
        tenant: SchemaName,
        /// Descriptions of the objects.
        objects: Vec<String>,
    },
    /// The tenant was dropped or renamed while it was exported.
    #[error(
        "can't export tenant {:?}: it was dropped or renamed meanwhile; export it again, under its current name",
        .tenant.as_str()
    )]
    Gone {
        /// The tenant to export.
        tenant: SchemaName,
    },
    /// No connection could be made.
    #[error("can't connect to export tenant {:?}", .tenant.as_str())]
    Connect {
        /// The tenant to export.
        tenant: SchemaName,
        /// The reason.
        source: ConnectError,
    },
    /// The export could not begin: a migration of the tenant did not end in time.
    #[error("can't begin to export tenant {:?}", .tenant.as_str())]
    Begin {
        /// The tenant to export.
        tenant: SchemaName,
        /// The reason.
        source: MigrationError,
    },
    /// The catalogs could not be read.
    #[error("can't read the structure of tenant {:?}, to export it", .tenant.as_str())]
    Structure {
        /// The tenant to export.
        tenant: SchemaName,
        /// What the server answered.
        source: diesel::result::Error,
    },
    /// The rows of a table could not be read, or no snapshot could be taken.
    #[error("can't read {object} of tenant {:?}, to export it", .tenant.as_str())]
    Rows {
        /// The tenant to export.
        tenant: SchemaName,
        /// The table whose rows failed, or the other object.
        object: String,
        /// What the server answered.
        source: tokio_postgres::Error,
    },
    /// The tenant's file could not be copied or read, or another operation holds its lock.
    #[cfg(feature = "sqlite")]
    #[error("can't export tenant {:?}", .tenant.as_str())]
    File {
        /// The tenant to export.
        tenant: SchemaName,
        /// The reason.
        source: Box<crate::pool::SqliteError>,
    },
    /// The tenant's database could not be read, or another operation holds its lock.
    #[cfg(feature = "mysql")]
    #[error("can't export tenant {:?}", .tenant.as_str())]
    Mysql {
        /// The tenant to export.
        tenant: SchemaName,
        /// The reason.
        source: Box<crate::pool::MysqlError>,
    },
    /// On MySQL, the rows of a table could not be read, or no snapshot could be taken.
    #[cfg(feature = "mysql")]
    #[error("can't read {object} of tenant {:?}, to export it", .tenant.as_str())]
    RowsMysql {
        /// The tenant to export.
        tenant: SchemaName,
        /// The table whose rows failed, or the other object.
        object: String,
        /// What the server answered.
        source: mysql_async::Error,
    },
    /// The export could not be written.
    #[error("can't write the export of tenant {:?}", .tenant.as_str())]
    Write {
        /// The tenant to export.
        tenant: SchemaName,
        /// The writer's reason.
        source: io::Error,
    },
}
