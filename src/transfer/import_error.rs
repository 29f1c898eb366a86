use super::FormatError;
use crate::{LifecycleError, SchemaName, SchemaNameError};

/// Why a tenant could not be imported. There is no such tenant then, and nothing else was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// No tenant can have that name.
    #[error("can't import a tenant")]
    InvalidName(#[from] SchemaNameError),
    /// No connection could be made, somebody else is at work on a tenant of that name, the name is reserved, there is a
    /// schema of that name already, or a hook failed.
    #[error(transparent)]
    Lifecycle(#[from] LifecycleError),
    /// The export itself can't be used.
    #[error("can't import tenant {:?}, and nothing was changed", .tenant.as_str())]
    Format {
        /// The tenant that was to be made.
        tenant: SchemaName,
        /// What is wrong with the export.
        source: FormatError,
    },
    /// The pool's connections are made by a function of the application's, and what it makes can't copy rows.
    #[error(
        "can't import tenant {:?}: rows need a connection of the driver's own, and the pool's are made by `establish_with`; \
         give the same TLS connector to `tls`", .tenant.as_str()
    )]
    NeedsTls {
        /// The tenant that was to be made.
        tenant: SchemaName,
    },
    /// The database lacks what the tenant's objects lead to. Nothing was done.
    #[error(
        "can't import tenant {:?}, which was {from:?} when it was exported: this database lacks {}; make it first, for \
         example by the shared migrations", .tenant.as_str(), .objects.join(", ")
    )]
    Missing {
        /// The tenant that was to be made.
        tenant: SchemaName,
        /// The name of the tenant that was exported.
        from: String,
        /// What is missing.
        objects: Vec<String>,
    },
    /// An object could not be made.
    #[error("can't make {object} in tenant {:?}, to import it", .tenant.as_str())]
    Structure {
        /// The tenant that was to be made.
        tenant: SchemaName,
        /// Which object.
        object: String,
        /// What the server answered.
        source: tokio_postgres::Error,
    },
    /// Rows could not be written.
    #[error("can't write the rows of {table} in tenant {:?}, to import it", .tenant.as_str())]
    Rows {
        /// The tenant that was to be made.
        tenant: SchemaName,
        /// Whose rows.
        table: String,
        /// What the server answered.
        source: tokio_postgres::Error,
    },
    /// What was made would depend on the tenant that was exported, which is in the same database.
    #[error("can't import tenant {:?}: {} would depend on tenant {from:?}", .tenant.as_str(), .objects.join(", "))]
    Entangled {
        /// The tenant that was to be made.
        tenant: SchemaName,
        /// The name of the tenant that was exported.
        from: String,
        /// Descriptions of the objects.
        objects: Vec<String>,
    },
    /// The library's own statements failed: reading the catalogs, making the schema, committing.
    #[error("can't import tenant {:?}", .tenant.as_str())]
    Server {
        /// The tenant that was to be made.
        tenant: SchemaName,
        /// What the server answered.
        source: tokio_postgres::Error,
    },
}
