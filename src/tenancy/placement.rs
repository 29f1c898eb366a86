//! Where a tenant lives.

use std::{fmt, sync::Arc};

use crate::SchemaName;

/// Where a tenant's tables are: in which database, and there in a schema of the tenant's own or among other tenants'
/// rows.
///
/// ```
/// use diesel_tenants::Placement;
///
/// let alone = Placement::schema("client1".parse()?);                       // a schema of the pool's own database
/// let shard = Placement::schema("client2".parse()?).in_database("shard1"); // one of another database, on any server
/// let small = Placement::rows("42");                                       // rows of tables that it shares
/// # Ok::<(), diesel_tenants::SchemaNameError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Placement {
    pub(crate) database: Option<Arc<str>>,
    pub(crate) tables: Tables,
}

/// The part of a database that belongs to a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Tables {
    /// A schema.
    Schema(SchemaName),
    /// The rows with this tenant id, in tables of the shared schema.
    Rows(Arc<str>),
}

impl Placement {
    /// A schema of the tenant's own. In a database that only this tenant uses, the schema may be `public`.
    pub fn schema(schema: SchemaName) -> Self {
        Self {
            database: None,
            tables: Tables::Schema(schema),
        }
    }

    /// Rows of the shared schema's tables: those with this tenant id, under row-level security.
    pub fn rows(tenant_id: impl Into<Arc<str>>) -> Self {
        Self {
            database: None,
            tables: Tables::Rows(tenant_id.into()),
        }
    }

    /// The same place in another database, by the name under which the database was
    /// [declared](crate::TenantPoolBuilder::database).
    #[must_use]
    pub fn in_database(self, database: impl Into<Arc<str>>) -> Self {
        Self {
            database: Some(database.into()),
            ..self
        }
    }

    /// The name of the database; `None` is the pool's own.
    pub fn database(&self) -> Option<&str> {
        self.database.as_deref()
    }

    /// The tenant's schema, if it has one of its own.
    pub fn schema_name(&self) -> Option<&SchemaName> {
        match &self.tables {
            Tables::Schema(schema) => Some(schema),
            Tables::Rows(_) => None,
        }
    }

    /// The database, and what of it is the tenant's. The library matches this rather than asking for a schema or a
    /// tenant id, so that the compiler finds all places that a new kind concerns.
    pub(crate) fn parts(&self) -> (Option<&str>, &Tables) {
        (self.database.as_deref(), &self.tables)
    }

    /// Whether the place is anything but a schema of the tenant's name in the pool's own database.
    pub(crate) fn is_elsewhere(&self, tenant: &SchemaName) -> bool {
        match self.parts() {
            (None, Tables::Schema(schema)) => schema != tenant,
            (Some(_), Tables::Schema(_)) | (_, Tables::Rows(_)) => true,
        }
    }

    /// The tenant's id, if it shares its tables with other tenants.
    pub fn tenant_id(&self) -> Option<&str> {
        match &self.tables {
            Tables::Schema(_) => None,
            Tables::Rows(tenant_id) => Some(tenant_id),
        }
    }
}

impl fmt::Display for Placement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.tables {
            Tables::Schema(schema) => write!(f, "schema {schema:?}")?,
            Tables::Rows(tenant_id) => write!(f, "the rows of tenant id {tenant_id:?}")?,
        }
        match &self.database {
            Some(database) => write!(f, " of database {database:?}"),
            None => Ok(()),
        }
    }
}

/// Where a policy places a tenant.
pub type PolicyAnswer = Result<Placement, Box<dyn std::error::Error + Send + Sync>>;
