use std::sync::Arc;

use diesel::{
    QueryableByName,
    sql_types::{BigInt, Nullable, Text},
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

/// The database with the fewest tenants, by the counts of a query.
fn fewest<'a>(candidates: &'a [Option<Arc<str>>], counts: &[Count]) -> Result<Option<&'a Arc<str>>, NoCandidates> {
    let tenants = |name: &Option<Arc<str>>| {
        let count = counts
            .iter()
            .find(|count| count.database_name.as_deref() == name.as_deref());
        count.map_or(0, |count| count.tenants)
    };
    // The first of several with equally many.
    let fewest = candidates.iter().min_by_key(|name| tenants(name));
    fewest.map(Option::as_ref).ok_or(NoCandidates)
}

/// How many tenants a database has.
#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = Nullable<Text>)]
    database_name: Option<String>,
    #[diesel(sql_type = BigInt)]
    tenants: i64,
}

/// The query for the [`Count`] of each database that has tenants.
fn counts(shared: &str) -> String {
    format!("SELECT database_name, count(*) AS tenants FROM {shared}.tenants GROUP BY database_name")
}

impl PlacementPolicy for FewestTenants {
    fn place<'a>(&'a self, tenant: &'a SchemaName, pool: &'a TenantPool) -> BoxFuture<'a, PolicyAnswer> {
        Box::pin(async move {
            let mut connection = pool.shared().get().await?;
            let query = diesel::sql_query(counts(pool.shared_schema().quoted()));
            let counts: Vec<Count> = query.load(&mut connection).await?;
            Ok(schema_in(fewest(&self.0.0, &counts)?, tenant))
        })
    }
}

#[cfg(feature = "mysql")]
impl PlacementPolicy<crate::Mysql> for FewestTenants {
    fn place<'a>(&'a self, tenant: &'a SchemaName, pool: &'a TenantPool<crate::Mysql>) -> BoxFuture<'a, PolicyAnswer> {
        Box::pin(async move {
            let mut connection = pool.shared().get().await?;
            let shared = crate::backend::mysql::quote::database(pool.shared_schema());
            let counts: Vec<Count> = diesel::sql_query(counts(&shared)).load(&mut connection).await?;
            Ok(schema_in(fewest(&self.0.0, &counts)?, tenant))
        })
    }
}
