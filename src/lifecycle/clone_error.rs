use crate::{MigrationError, SchemaName, SchemaNameError, lifecycle::LifecycleError};

/// Why a tenant could not be cloned. There is then no clone, and the template is unchanged.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CloneError {
    /// One of the names can't be a schema's name.
    #[error("can't clone a tenant")]
    InvalidName(#[from] SchemaNameError),
    /// A hook failed, or the clone's name is reserved.
    #[error(transparent)]
    Lifecycle(#[from] LifecycleError),
    /// The tenant to clone does not exist.
    #[error(
        "can't clone tenant {:?}: there is no such schema in the database; `create_tenant` creates one",
        .template.as_str()
    )]
    UnknownTenant {
        /// The tenant to clone.
        template: SchemaName,
    },
    /// A schema of the clone's name exists already. It was not touched.
    #[error(
        "can't clone tenant {:?} as {:?}: there is a schema of that name already; choose another name",
        .template.as_str(), .tenant.as_str()
    )]
    AlreadyExists {
        /// The tenant to clone.
        template: SchemaName,
        /// The clone.
        tenant: SchemaName,
    },
    /// The clone could not begin: no connection, or a migration of the template or the clone did not end in time.
    #[error("can't begin to clone tenant {:?} as {:?}", .template.as_str(), .tenant.as_str())]
    Begin {
        /// The tenant to clone.
        template: SchemaName,
        /// The clone.
        tenant: SchemaName,
        /// The reason.
        source: MigrationError,
    },
    /// The template has objects that can't be created in another schema.
    #[error(
        "can't clone tenant {:?}, because it has objects that can't be created in another schema: {}; move them to a \
         schema of extensions, or remove them", .template.as_str(), .objects.join(", ")
    )]
    Unsupported {
        /// The tenant to clone.
        template: SchemaName,
        /// Descriptions of the objects.
        objects: Vec<String>,
    },
    /// Functions or queries of the template may contain its schema's name, where the name can't be distinguished from
    /// other names.
    #[error(
        "can't clone tenant {:?}: it is unclear where {} would lead in the clone, because the schema's name is in a \
         string, or may be an alias; leave the schema's name out there, and give functions a `SET search_path`",
        .template.as_str(), .objects.join(", ")
    )]
    Unclear {
        /// The tenant to clone.
        template: SchemaName,
        /// Descriptions of the objects.
        objects: Vec<String>,
    },
    /// Objects created for the clone would depend on the template.
    #[error(
        "can't clone tenant {:?}: in the clone, {} would depend on the template",
        .template.as_str(), .objects.join(", ")
    )]
    Entangled {
        /// The tenant to clone.
        template: SchemaName,
        /// Descriptions of the objects.
        objects: Vec<String>,
    },
    /// An object could not be created.
    #[error("can't create {object} in tenant {:?}, a clone of {:?}", .tenant.as_str(), .template.as_str())]
    Structure {
        /// The tenant to clone.
        template: SchemaName,
        /// The clone.
        tenant: SchemaName,
        /// The object.
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
        /// The table whose rows failed, or the other object.
        object: String,
        /// What the server answered.
        source: diesel::result::Error,
    },
    /// The library's own statements failed: reading the catalogs, creating the schema, committing.
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
