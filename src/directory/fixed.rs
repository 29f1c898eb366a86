use std::collections::HashMap;

use crate::{
    BoxFuture, IntoSchemaName, Placement, SchemaName, SchemaNameError, TenantDirectory, TenantPool,
    pool::Backend,
    tenancy::{DirectoryAnswer, DirectoryEntry, canonical_domain},
};

/// A directory of tenants that are known from the start: from a configuration file, for instance.
///
/// ```
/// use diesel_tenants::{Placement, TenantPool, directory::FixedDirectory};
///
/// let directory = FixedDirectory::new()
///     .with("client1", Placement::schema("client1".parse()?))?
///     .with("client2", Placement::schema("public".parse()?).in_database("second"))?
///     .with_domain("shop.example.org", "client2")?;
/// let pool = TenantPool::builder("postgres://localhost/store")
///     .directory(directory)
///     .database("second", "postgres://db2.example.org/store");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct FixedDirectory {
    tenants: HashMap<SchemaName, Placement>,
    domains: HashMap<String, SchemaName>,
}

/// Why a fixed directory is invalid.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FixedDirectoryError {
    /// No tenant can have that name.
    #[error("can't add a tenant to the directory: its name is invalid")]
    InvalidName(#[from] SchemaNameError),
    /// A tenant is named twice.
    #[error("tenant {tenant:?} is in the directory already")]
    SameName {
        /// The tenant.
        tenant: SchemaName,
    },
    /// Two tenants have the same place: each would see the other's rows.
    #[error("tenants {tenant:?} and {other:?} can't both be in {placement}")]
    SamePlacement {
        /// The tenant that was to be added.
        tenant: SchemaName,
        /// The tenant that is there.
        other: SchemaName,
        /// The place.
        placement: Placement,
    },
    /// A domain is given twice.
    #[error("domain {domain:?} belongs to tenant {other:?} already")]
    SameDomain {
        /// The domain.
        domain: String,
        /// The tenant to which it belongs.
        other: SchemaName,
    },
    /// A domain has letters outside ASCII: its ASCII form could belong to another tenant.
    #[error(
        "can't add domain {domain:?} to the directory: it is not in ASCII. Write it as browsers send it: \
         `xn--bcher-kva.example` for `bücher.example`"
    )]
    NotAscii {
        /// The domain.
        domain: String,
    },
    /// A domain is given to a tenant that isn't in the directory.
    #[error(
        "can't add domain {domain:?} to the directory: its tenant {tenant:?} isn't in the directory; add the \
             tenant first"
    )]
    UnknownTenant {
        /// The domain.
        domain: String,
        /// The tenant.
        tenant: SchemaName,
    },
}

impl FixedDirectory {
    /// A directory without tenants.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same directory with one more tenant.
    ///
    /// # Errors
    /// [`FixedDirectoryError`]: the name is invalid or taken, or another tenant has that place.
    pub fn with(mut self, tenant: impl IntoSchemaName, placement: Placement) -> Result<Self, FixedDirectoryError> {
        let tenant = tenant.into_schema_name()?;
        if let Some((other, _)) = self.tenants.iter().find(|(_, taken)| **taken == placement) {
            return Err(FixedDirectoryError::SamePlacement {
                tenant,
                other: other.clone(),
                placement,
            });
        }
        if self.tenants.contains_key(&tenant) {
            return Err(FixedDirectoryError::SameName { tenant });
        }
        self.tenants.insert(tenant, placement);
        Ok(self)
    }

    /// The same directory with a domain for one of its tenants, in ASCII: `xn--bcher-kva.example`, not
    /// `bücher.example`.
    ///
    /// # Errors
    /// [`FixedDirectoryError`]: the domain is taken or not in ASCII, or the tenant isn't in the directory.
    pub fn with_domain(mut self, domain: &str, tenant: impl IntoSchemaName) -> Result<Self, FixedDirectoryError> {
        let tenant = tenant.into_schema_name()?;
        let domain = canonical_domain(domain);
        if !domain.is_ascii() {
            return Err(FixedDirectoryError::NotAscii { domain });
        }
        if !self.tenants.contains_key(&tenant) {
            return Err(FixedDirectoryError::UnknownTenant { domain, tenant });
        }
        if let Some(other) = self.domains.get(&domain) {
            let other = other.clone();
            return Err(FixedDirectoryError::SameDomain { domain, other });
        }
        self.domains.insert(domain, tenant);
        Ok(self)
    }
}

impl<B: Backend> TenantDirectory<B> for FixedDirectory {
    fn find<'a>(
        &'a self,
        tenant: &'a SchemaName,
        _: &'a TenantPool<B>,
    ) -> BoxFuture<'a, DirectoryAnswer<DirectoryEntry>> {
        let found = self.tenants.get(tenant).cloned().map(DirectoryEntry::new);
        Box::pin(async { Ok(found) })
    }

    fn list<'a>(&'a self, _: &'a TenantPool<B>) -> BoxFuture<'a, DirectoryAnswer<Vec<(SchemaName, DirectoryEntry)>>> {
        let entry =
            |(tenant, placement): (&SchemaName, &Placement)| (tenant.clone(), DirectoryEntry::new(placement.clone()));
        let tenants = self.tenants.iter().map(entry).collect();
        Box::pin(async { Ok(Some(tenants)) })
    }

    fn find_domain<'a>(&'a self, domain: &'a str, _: &'a TenantPool<B>) -> BoxFuture<'a, DirectoryAnswer<SchemaName>> {
        let found = self.domains.get(domain).cloned();
        Box::pin(async { Ok(found) })
    }
}
