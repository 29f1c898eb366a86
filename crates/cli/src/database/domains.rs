//! Domains, on each kind of database whose directory knows them.

use diesel_tenants::{
    TenantPool,
    directory::{DomainError, TenantDomain},
};

use super::any_pool::Done;

/// The methods are those of the library's pools.
pub trait Domains: Send + Sync {
    fn add_domain<'a>(&'a self, tenant: &'a str, domain: &'a str) -> Done<'a, bool, DomainError>;
    fn remove_domain<'a>(&'a self, domain: &'a str) -> Done<'a, bool, DomainError>;
    fn set_primary_domain<'a>(&'a self, domain: &'a str) -> Done<'a, (), DomainError>;
    /// Of all tenants, or of one.
    fn domains<'a>(&'a self, tenant: Option<&'a str>) -> Done<'a, Vec<TenantDomain>, DomainError>;
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
        }
    };
}

domains!(TenantPool);
#[cfg(feature = "sqlite")]
domains!(TenantPool<diesel_tenants::Sqlite>);
#[cfg(feature = "mysql")]
domains!(TenantPool<diesel_tenants::Mysql>);
