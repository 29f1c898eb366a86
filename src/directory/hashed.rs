use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::candidates::{Candidates, NoCandidates, schema_in};
use crate::{BoxFuture, PlacementPolicy, SchemaName, TenantPool, pool::Backend, tenancy::PolicyAnswer};

/// Places each new tenant in a schema of its name, in a database that is computed from the name. The choice is the same
/// in every process and in every version of this library. It takes no query.
///
/// The order in which databases are named doesn't matter. Adding a database moves no existing tenant. The added
/// database gets about its share of the new tenants; all others go where they would have gone before.
///
/// ```
/// use diesel_tenants::{TenantPool, directory::{DirectoryTables, Hashed}};
///
/// let pool = TenantPool::builder("postgres://localhost/store")
///     .directory(DirectoryTables::new())
///     .database("shard1", "postgres://db1.example.org/store")
///     .placement_policy(Hashed::among(["shard1"]).or_main());
/// ```
#[derive(Debug, Clone)]
pub struct Hashed(Candidates);

impl Hashed {
    /// Chooses among databases, by the names under which they were [declared](crate::TenantPoolBuilder::database).
    pub fn among<D: Into<Arc<str>>>(databases: impl IntoIterator<Item = D>) -> Self {
        Self(Candidates::among(databases))
    }

    /// Adds the pool's own database to the choice.
    #[must_use]
    pub fn or_main(mut self) -> Self {
        self.0.add_main();
        self
    }

    /// Rendezvous hashing: each database gets a score for the tenant, and the highest score wins.
    fn choose(&self, tenant: &str) -> Option<&Option<Arc<str>>> {
        let lot = |database: &&Option<Arc<str>>| {
            let mut hash = Sha256::new();
            // No name contains a zero byte.
            hash.update(database.as_deref().unwrap_or_default());
            hash.update([0]);
            hash.update(tenant);
            hash.finalize()
        };
        self.0.0.iter().max_by_key(lot)
    }
}

impl<B: Backend> PlacementPolicy<B> for Hashed {
    fn place<'a>(&'a self, tenant: &'a SchemaName, _: &'a TenantPool<B>) -> BoxFuture<'a, PolicyAnswer> {
        Box::pin(async move {
            let database = self.choose(tenant.as_str()).ok_or(NoCandidates)?;
            Ok(schema_in(database.as_ref(), tenant))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(policy: &Hashed, tenant: &str) -> String {
        policy.choose(tenant).unwrap().as_deref().unwrap_or("main").to_owned()
    }

    #[test]
    fn where_a_name_leads_never_changes() {
        let policy = Hashed::among(["shard1", "shard2", "shard3"]).or_main();
        let places = ["client1", "client2", "client3", "client4", "client5", "größe"].map(|name| chosen(&policy, name));
        assert_eq!(places, ["shard1", "main", "shard2", "shard3", "shard3", "shard2"]);
    }

    #[test]
    fn the_order_of_databases_does_not_matter_and_one_more_moves_only_its_share() {
        let (three, turned) = (Hashed::among(["a", "b", "c"]), Hashed::among(["c", "a", "b"]));
        let four = Hashed::among(["a", "b", "c", "d"]);
        let mut moved = 0;
        for number in 0..1000 {
            let tenant = format!("client{number}");
            assert_eq!(chosen(&three, &tenant), chosen(&turned, &tenant));
            if chosen(&four, &tenant) != chosen(&three, &tenant) {
                assert_eq!(chosen(&four, &tenant), "d");
                moved += 1;
            }
        }
        assert!((200..300).contains(&moved), "{moved}");
    }
}
