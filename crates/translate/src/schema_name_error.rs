use crate::schema_name::MAX_NAME_BYTES;

/// Why a name can't be a schema's name. Names are shown escaped, so that a hostile name can't forge a line in a log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SchemaNameError {
    /// The name is empty.
    #[error("a schema name can't be empty")]
    Empty,
    /// The name contains a NUL, which no PostgreSQL identifier can.
    #[error("schema name {name:?} has a NUL at byte {position}, which PostgreSQL can't store")]
    Nul {
        /// The name as given.
        name: String,
        /// Byte offset of the first NUL.
        position: usize,
    },
    /// PostgreSQL would silently cut the name.
    #[error(
        "schema name {name:?} has {bytes} bytes, and PostgreSQL would silently cut it to {MAX_NAME_BYTES}: choose a \
         shorter one"
    )]
    TooLong {
        /// The name as given.
        name: String,
        /// Its length in bytes.
        bytes: usize,
    },
    /// PostgreSQL reserves the name.
    #[error(
        "schema name {name:?} is reserved: names that start with \"pg_\", and \"information_schema\", belong to \
         PostgreSQL"
    )]
    Reserved {
        /// The name as given.
        name: String,
    },
    /// The name is a schema of extensions, not a tenant.
    #[error(
        "{name:?} is a schema of extensions (`extension_schemas`), not a tenant: it is on every connection's \
         search_path"
    )]
    Extensions {
        /// The name as given.
        name: String,
    },
    /// The name has the form of a spare's name. Spares are tenants that are made ahead of time.
    #[error("no tenant can be named {name:?}: names that begin like this are reserved for spares; choose another name")]
    Spare {
        /// The name as given.
        name: String,
    },
    /// The name is the symbolic one that stands for every tenant's schema.
    #[error(
        "{name:?} stands for the tenant's schema in this pool (`symbolic_schema`), and so can't be a tenant's name"
    )]
    Symbolic {
        /// The name as given.
        name: String,
    },
    /// The database keeps tenants in files, and this name can't be a file's.
    #[error("{name:?} can't be a tenant's name: {reason}")]
    NoFile {
        /// The name as given.
        name: String,
        /// Why.
        reason: String,
    },
    /// Tenants are databases of a server of MySQL or MariaDB, and this name can't be that of a tenant's database.
    #[error("{name:?} can't be a tenant's name: {reason}")]
    NoDatabase {
        /// The name as given.
        name: String,
        /// Why.
        reason: &'static str,
    },
    /// The name is the shared schema, not a tenant.
    #[error("{name:?} is the shared schema, not a tenant: use `shared()` to reach shared tables")]
    Shared {
        /// The name as given.
        name: String,
    },
}

impl SchemaNameError {
    /// The name, if a schema may have it but a tenant may not, because it is reserved or stands for something else.
    pub fn reserved_name(&self) -> Option<&str> {
        match self {
            Self::Reserved { name }
            | Self::Extensions { name }
            | Self::Spare { name }
            | Self::Symbolic { name }
            | Self::Shared { name }
            | Self::NoFile { name, .. }
            | Self::NoDatabase { name, .. } => Some(name),
            Self::Empty | Self::Nul { .. } | Self::TooLong { .. } => None,
        }
    }
}

impl From<std::convert::Infallible> for SchemaNameError {
    fn from(never: std::convert::Infallible) -> Self {
        match never {}
    }
}
