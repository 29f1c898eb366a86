use super::FormatError;
use crate::{LifecycleError, SchemaName, SchemaNameError};

/// Why a tenant could not be imported. There is then no such tenant, and nothing else was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// No tenant can have that name.
    #[error("can't import a tenant")]
    InvalidName(#[from] SchemaNameError),
    /// No connection could be made, another operation is running on a tenant of that name, the name is reserved, a
    /// schema of that name exists already, or a hook failed.
    #[error(transparent)]
    Lifecycle(#[from] LifecycleError),
    /// The export itself can't be used.
    #[error("can't import tenant {:?}, and nothing was changed", .tenant.as_str())]
    Format {
        /// The tenant to be created.
        tenant: SchemaName,
        /// What is wrong with the export.
        source: FormatError,
    },
    /// A function of the application opens the pool's connections, and these can't copy rows.
    #[error(
        "can't import tenant {:?}: copying rows needs a connection of the driver, and the pool opens its connections \
         by `establish_with`; give the same TLS connector to `tls`", .tenant.as_str()
    )]
    NeedsTls {
        /// The tenant to be created.
        tenant: SchemaName,
    },
    /// The database lacks objects that the tenant's objects refer to. Nothing was done.
    #[error(
        "can't import tenant {:?}, which was exported as {from:?}: this database lacks {}; create that first, for \
         example by the shared migrations", .tenant.as_str(), .objects.join(", ")
    )]
    Missing {
        /// The tenant to be created.
        tenant: SchemaName,
        /// The name of the tenant that was exported.
        from: String,
        /// The missing objects.
        objects: Vec<String>,
    },
    /// An object could not be created.
    #[error("can't create {object} in tenant {:?}, to import it", .tenant.as_str())]
    Structure {
        /// The tenant to be created.
        tenant: SchemaName,
        /// The object.
        object: String,
        /// What the server answered.
        source: tokio_postgres::Error,
    },
    /// Rows could not be written.
    #[error("can't write the rows of {table} in tenant {:?}, to import it", .tenant.as_str())]
    Rows {
        /// The tenant to be created.
        tenant: SchemaName,
        /// The table.
        table: String,
        /// What the server answered.
        source: tokio_postgres::Error,
    },
    /// On MySQL, rows could not be written.
    #[cfg(feature = "mysql")]
    #[error("can't write the rows of {table} in tenant {:?}, to import it", .tenant.as_str())]
    RowsMysql {
        /// The tenant to be created.
        tenant: SchemaName,
        /// The table.
        table: String,
        /// What the server answered.
        source: mysql_async::Error,
    },
    /// The new objects would depend on the tenant that was exported, which is in the same database.
    #[error("can't import tenant {:?}: {} would depend on tenant {from:?}", .tenant.as_str(), .objects.join(", "))]
    Entangled {
        /// The tenant to be created.
        tenant: SchemaName,
        /// The name of the tenant that was exported.
        from: String,
        /// Descriptions of the objects.
        objects: Vec<String>,
    },
    /// The library's own statements failed: reading the catalogs, creating the schema, committing.
    #[error("can't import tenant {:?}", .tenant.as_str())]
    Server {
        /// The tenant to be created.
        tenant: SchemaName,
        /// What the server answered.
        source: tokio_postgres::Error,
    },
}
