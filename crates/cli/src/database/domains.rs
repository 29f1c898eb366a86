//! What the directory's tables list, on each kind of database: domains, and tenants.

use anyhow::anyhow;
use diesel_tenants::{
    SchemaName, TenantDirectory, TenantPool,
    directory::{DirectoryEntry, DirectoryTables, DomainError, TenantDomain},
};

use super::any_pool::Done;

/// The methods are those of the library's pools.
pub trait Domains: Send + Sync {
    fn add_domain<'a>(&'a self, tenant: &'a str, domain: &'a str) -> Done<'a, bool, DomainError>;
    fn remove_domain<'a>(&'a self, domain: &'a str) -> Done<'a, bool, DomainError>;
    fn set_primary_domain<'a>(&'a self, domain: &'a str) -> Done<'a, (), DomainError>;
    /// Of all tenants, or of one.
    fn domains<'a>(&'a self, tenant: Option<&'a str>) -> Done<'a, Vec<TenantDomain>, DomainError>;
    /// All tenants that the directory's tables list, with where they live.
    fn listed(&self) -> Done<'_, Vec<(SchemaName, DirectoryEntry)>, anyhow::Error>;
}

macro_rules! domains {
    ($pool:ty) => {
        impl Domains for $pool {
            fn add_domain<'a>(&'a self, tenant: &'a str, domain: &'a str) -> Done<'a, bool, DomainError> {
                Box::pin(self.add_domain(tenant, domain))
            }

            fn remove_domain<'a>(&'a self, domain: &'a str) -> Done<'a, bool, DomainError> {
                Box::pin(self.remove_domain(domain))
            }

            fn set_primary_domain<'a>(&'a self, domain: &'a str) -> Done<'a, (), DomainError> {
                Box::pin(self.set_primary_domain(domain))
            }

            fn domains<'a>(&'a self, tenant: Option<&'a str>) -> Done<'a, Vec<TenantDomain>, DomainError> {
                match tenant {
                    Some(tenant) => Box::pin(self.domains_of(tenant)),
                    None => Box::pin(self.domains()),
                }
            }

            fn listed(&self) -> Done<'_, Vec<(SchemaName, DirectoryEntry)>, anyhow::Error> {
                Box::pin(async move {
                    let listed = TenantDirectory::list(&DirectoryTables::new(), self).await;
                    let listed = listed.map_err(|error| {
                        anyhow!(
                            "can't read the directory: {error}; `diesel-tenants directory prepare` creates its tables"
                        )
                    })?;
                    Ok(listed.unwrap_or_default())
                })
            }
        }
    };
}

domains!(TenantPool);
#[cfg(feature = "sqlite")]
domains!(TenantPool<diesel_tenants::Sqlite>);
#[cfg(feature = "mysql")]
domains!(TenantPool<diesel_tenants::Mysql>);
