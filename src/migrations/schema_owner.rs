use std::fmt;

use crate::SchemaName;

/// The owner of a schema that is migrated.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SchemaOwner {
    /// One tenant.
    Tenant(SchemaName),
    /// All tenants: the shared schema.
    Shared(SchemaName),
}

impl SchemaOwner {
    /// The schema.
    pub fn schema(&self) -> &SchemaName {
        match self {
            Self::Tenant(schema) | Self::Shared(schema) => schema,
        }
    }

    /// What to do if the schema is missing.
    pub(super) fn remedy(&self) -> &'static str {
        match self {
            Self::Tenant(_) => "`create_tenant` creates a tenant with its schema",
            Self::Shared(_) => "create it by CREATE SCHEMA, or name another schema by `shared_schema`",
        }
    }
}

impl fmt::Display for SchemaOwner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tenant(schema) => write!(f, "tenant {:?}", schema.as_str()),
            Self::Shared(schema) => write!(f, "the shared schema {:?}", schema.as_str()),
        }
    }
}
