use crate::{MigrationError, SchemaName, SchemaNameError};

/// Why a tenant could not be created.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LifecycleError {
    /// No schema can have that name.
    #[error("can't create a tenant")]
    InvalidName(#[from] SchemaNameError),
    /// There is a schema of that name already. It was left alone.
    #[error("can't create tenant {:?}: there is a schema of that name already; `migrate_tenant` or `ensure_tenant` brings it up to date", .tenant.as_str())]
    AlreadyExists {
        /// The tenant.
        tenant: SchemaName,
    },
    /// The server refused to make the schema.
    #[error("can't create the schema of tenant {:?}", .tenant.as_str())]
    Schema {
        /// The tenant.
        tenant: SchemaName,
        /// What the server answered.
        source: diesel::result::Error,
    },
    /// The schema's tables could not be made.
    #[error("can't create the tables of tenant {:?}", .tenant.as_str())]
    Tables {
        /// The tenant.
        tenant: SchemaName,
        /// Which migration failed, and why.
        source: MigrationError,
    },
}
