use crate::{MigrationError, SchemaName, SchemaNameError, lifecycle::LifecycleError};

/// Why a tenant could not be cloned. There is no clone then, and its template is as it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CloneTenantError {
    /// No schema can have one of the names.
    #[error("can't clone a tenant")]
    InvalidName(#[from] SchemaNameError),
    /// A hook failed, or the clone's name is reserved.
    #[error(transparent)]
    Lifecycle(#[from] LifecycleError),
    /// There is no tenant to clone.
    #[error("can't clone tenant {:?}: there is no such schema in the database; `create_tenant` makes one", .template.as_str())]
    UnknownTenant {
        /// The tenant to clone.
        template: SchemaName,
    },
    /// There is a schema of the clone's name already. It was left alone.
    #[error("can't clone tenant {:?} as {:?}: there is a schema of that name already; choose another name", .template.as_str(), .tenant.as_str())]
    AlreadyExists {
        /// The tenant to clone.
        template: SchemaName,
        /// The clone.
        tenant: SchemaName,
    },
    /// The work could not begin: no connection, or another migration of one of the two did not end in time.
    #[error("can't begin to clone tenant {:?} as {:?}", .template.as_str(), .tenant.as_str())]
    Begin {
        /// The tenant to clone.
        template: SchemaName,
        /// The clone.
        tenant: SchemaName,
        /// The reason.
        source: MigrationError,
    },
    /// The template has objects that can't be made in another schema.
    #[error(
        "can't clone tenant {:?}, since it has what can't be made in another schema: {}; move it to a schema of \
         extensions, or remove it", .template.as_str(), .objects.join(", ")
    )]
    Unsupported {
        /// The tenant to clone.
        template: SchemaName,
        /// Descriptions of the objects.
        objects: Vec<String>,
    },
    /// The template has functions or queries that may name its schema where that can't be told from other names.
    #[error(
        "can't clone tenant {:?}: it is not certain where {} would lead in the clone, as the schema's name stands in a \
         string, or may be an alias; leave it out there, and give functions a `SET search_path`",
        .template.as_str(), .objects.join(", ")
    )]
    Unclear {
        /// The tenant to clone.
        template: SchemaName,
        /// Descriptions of the objects.
        objects: Vec<String>,
    },
    /// What was made for the clone would depend on the template.
    #[error("can't clone tenant {:?}: in the clone, {} would depend on the template", .template.as_str(), .objects.join(", "))]
    Entangled {
        /// The tenant to clone.
        template: SchemaName,
        /// Descriptions of the objects.
        objects: Vec<String>,
    },
    /// An object could not be made.
    #[error("can't make {object} in tenant {:?}, a clone of {:?}", .tenant.as_str(), .template.as_str())]
    Structure {
        /// The tenant to clone.
        template: SchemaName,
        /// The clone.
        tenant: SchemaName,
        /// Which object.
        object: String,
        /// What the server answered.
        source: diesel::result::Error,
    },
    /// Rows, or the state of sequences, could not be copied.
    #[error("can't copy {object} to tenant {:?}, a clone of {:?}", .tenant.as_str(), .template.as_str())]
    Data {
        /// The tenant to clone.
        template: SchemaName,
        /// The clone.
        tenant: SchemaName,
        /// Whose rows, or what.
        object: String,
        /// What the server answered.
        source: diesel::result::Error,
    },
    /// The library's own statements failed: reading the catalogs, making the schema, committing.
    #[error("can't clone tenant {:?} as {:?}", .template.as_str(), .tenant.as_str())]
    Server {
        /// The tenant to clone.
        template: SchemaName,
        /// The clone.
        tenant: SchemaName,
        /// What the server answered.
        source: diesel::result::Error,
    },
}
