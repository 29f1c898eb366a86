//! Names of schemas, and how many schemas are remembered.

use std::time::Duration;

use super::TenantPoolBuilder;
use crate::translate::SchemaTranslateMap;

/// # Schemas
impl TenantPoolBuilder {
    /// The schema of the shared tables; it is not a tenant. Default: `public`.
    pub fn shared_schema(mut self, schema: impl Into<String>) -> Self {
        self.options.shared_schema = schema.into();
        self
    }

    /// A schema name that stands for the tenant's schema: tables declared in it, `table! { tenant.orders … }`, are the
    /// tenant's, as unqualified tables are. Default: none. Neither a tenant nor another schema of the database may have
    /// that name. [`in_schema`](crate::TranslateDsl::in_schema) does not know it.
    pub fn symbolic_schema(mut self, schema: impl Into<String>) -> Self {
        self.options.symbolic_schema = Some(schema.into());
        self
    }

    /// Schemas to keep on the search_path, so that the types, functions and operators of their extensions are found.
    /// These schemas must hold nothing but extensions, and `PUBLIC` may not have the right to create objects in them.
    /// Neither the shared schema nor a tenant's can be listed. Default: none. PostgreSQL's own types, functions and
    /// operators are always found.
    pub fn extension_schemas<S: Into<String>>(mut self, schemas: impl IntoIterator<Item = S>) -> Self {
        self.options.extension_schemas = schemas.into_iter().map(Into::into).collect();
        self
    }

    /// The map of checkouts without a map of their own ([`TenantPool::get`](crate::TenantPool::get)). Default: empty,
    /// as for [`TenantPool::shared`](crate::TenantPool::shared).
    pub fn schema_map(self, map: SchemaTranslateMap) -> Self {
        Self {
            schema_map: map,
            ..self
        }
    }

    /// How many existing schemas are remembered, and for how long. Default: 10,000 for 60 seconds.
    ///
    /// If there is room for at least 1,000, and the pool neither [listens](Self::listen) nor has
    /// [`search_path_from_role`](Self::search_path_from_role), schemas are also looked up in advance: after every 32
    /// that checkouts looked up one by one, the next 1,000 by name, on a free connection of the pool.
    ///
    /// A missing schema is remembered for one second, for as many names: a flood of unknown names costs at most one
    /// query for each name and second. This process sees a tenant that it creates at once, and a tenant that another
    /// process creates within that second. A tenant that another process drops can still be checked out for the whole
    /// time: its queries fail, since its tables are gone.
    pub fn schema_cache(mut self, schemas: usize, time: Duration) -> Self {
        self.options.schemas_cached = schemas;
        self.options.schemas_cached_for = time;
        self
    }
}
