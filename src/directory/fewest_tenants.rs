use std::sync::Arc;

use diesel::{
    OptionalExtension, QueryableByName,
    sql_types::{Array, BigInt, Text},
};
use diesel_async::RunQueryDsl;

use super::candidates::{Candidates, NoCandidates, schema_in};
use crate::{BoxFuture, PlacementPolicy, SchemaName, TenantPool, tenancy::PolicyAnswer};

/// Places each new tenant in the database with the fewest tenants, in a schema of its name. The policy counts the rows
/// of the table `tenants` of [`DirectoryTables`](super::DirectoryTables), including suspended and archived tenants.
/// Among databases with equally many tenants, it takes the one that was named first.
///
/// Tenants that are created at the same moment don't count each other, and may be placed together; the next ones go
/// elsewhere.
///
/// ```
/// use diesel_tenants::{TenantPool, directory::{DirectoryTables, FewestTenants}};
///
/// let pool = TenantPool::builder("postgres://localhost/store")
///     .directory(DirectoryTables::new())
///     .database("shard1", "postgres://db1.example.org/store")
///     .database("shard2", "postgres://db2.example.org/store")
///     .placement_policy(FewestTenants::among(["shard1", "shard2"]));
/// ```
#[derive(Debug, Clone)]
pub struct FewestTenants(Candidates);

impl FewestTenants {
    /// Chooses among databases, by the names under which they were [declared](crate::TenantPoolBuilder::database).
    pub fn among<D: Into<Arc<str>>>(databases: impl IntoIterator<Item = D>) -> Self {
        Self(Candidates::among(databases))
    }

    /// Adds the pool's own database to the choice, as the last one.
    #[must_use]
    pub fn or_main(mut self) -> Self {
        self.0.add_main();
        self
    }
}

impl PlacementPolicy for FewestTenants {
    fn place<'a>(&'a self, tenant: &'a SchemaName, pool: &'a TenantPool) -> BoxFuture<'a, PolicyAnswer> {
        #[derive(QueryableByName)]
        struct Row {
            #[diesel(sql_type = BigInt)]
            position: i64,
        }

        Box::pin(async move {
            let Self(Candidates(candidates)) = self;
            let names: Vec<&str> = candidates
                .iter()
                .map(|name| name.as_deref().unwrap_or_default())
                .collect();
            let sql = format!(
                "SELECT c.position FROM pg_catalog.unnest($1) WITH ORDINALITY c (name, position) LEFT JOIN ( \
                     SELECT coalesce(database_name, '') AS name, count(*) AS tenants FROM {}.tenants GROUP BY 1 \
                 ) t ON t.name = c.name ORDER BY coalesce(t.tenants, 0), c.position LIMIT 1",
                pool.shared_schema().quoted()
            );
            let mut connection = pool.shared().get().await?;
            let fewest = diesel::sql_query(sql)
                .bind::<Array<Text>, _>(names)
                .get_result::<Row>(&mut connection)
                .await
                .optional()?;
            let index = fewest.and_then(|Row { position }| usize::try_from(position - 1).ok());
            let database = index.and_then(|index| candidates.get(index)).ok_or(NoCandidates)?;
            Ok(schema_in(database.as_ref(), tenant))
        })
    }
}
