//! Asks the pool's directory where a tenant lives, and whose a domain is.

use std::sync::Arc;

use crate::{
    IntoSchemaName, SchemaName, SchemaNameError, TenantStatus,
    pool::{
        Backend, CheckoutError, Target, TenantPool, deadline::Deadline, directory_cache::Resolved,
        remembered_directory::RememberedDirectory,
    },
    tenancy::{DirectoryEntry, DirectoryError, Placement, Tables, canonical_domain},
};

/// # Finding where a tenant lives
impl<B: Backend> TenantPool<B> {
    /// Where a tenant lives, by the directory. A tenant that may not be checked out is an error.
    pub(crate) async fn resolve(
        &self,
        remembered: &RememberedDirectory<B>,
        tenant: &SchemaName,
        deadline: Deadline,
    ) -> Result<Arc<Resolved>, CheckoutError> {
        let target = || Target::Tenant(tenant.clone());
        let found = match remembered.known.tenants.get(tenant) {
            Some(found) => found,
            None => {
                let find = async {
                    let found = remembered.directory.find(tenant, self).await;
                    let found = found.and_then(|entry| Ok(entry.map(|entry| self.resolved(entry)).transpose()?));
                    Ok(found.map_err(DirectoryError::new)?.map(Arc::new))
                };
                Box::pin(in_time(
                    target,
                    deadline,
                    remembered.known.tenants.get_or_find(tenant, find),
                ))
                .await?
            }
        };
        match found {
            Ok(Some(resolved)) => match resolved.entry.status {
                TenantStatus::Active => Ok(resolved),
                TenantStatus::Suspended => Err(CheckoutError::SuspendedTenant { tenant: tenant.clone() }),
                _ => Err(CheckoutError::UnknownTenant { tenant: tenant.clone() }),
            },
            Ok(None) => Err(CheckoutError::UnknownTenant { tenant: tenant.clone() }),
            Err(source) => Err(CheckoutError::Directory {
                target: target(),
                source,
            }),
        }
    }

    /// Where a tenant lives, whatever its status. The directory is asked now; without a directory it is the schema of
    /// the tenant's name. `None` if the directory knows no tenant of that name.
    ///
    /// # Errors
    /// [`CheckoutError`]: the name is invalid, or the directory can't be asked.
    pub async fn placement_of(&self, tenant: impl IntoSchemaName) -> Result<Option<Placement>, CheckoutError> {
        let tenant = self.name_of_existing(tenant)?;
        Ok(self.entry_of(&tenant).await?.map(|entry| entry.placement))
    }

    /// What the directory knows of a tenant, asked now. Without a directory every name is an active tenant's, in the
    /// schema of that name.
    pub(crate) async fn entry_of(&self, tenant: &SchemaName) -> Result<Option<DirectoryEntry>, CheckoutError> {
        let Some(remembered) = self.remembered() else {
            return Ok(Some(DirectoryEntry::new(Placement::schema(tenant.clone()))));
        };
        let target = || Target::Tenant(tenant.clone());
        let found = in_time(target, self.deadline(), remembered.directory.find(tenant, self)).await?;
        found.map_err(|source| CheckoutError::Directory {
            target: target(),
            source: DirectoryError::new(source),
        })
    }

    /// A name that no tenant's schema may have in this pool's own database, such as the shared schema's, may still be a
    /// tenant's schema in another database.
    fn resolved(&self, entry: DirectoryEntry) -> Result<Resolved, SchemaNameError> {
        let schema = match &entry.placement.tables {
            Tables::Schema(schema) if entry.placement.database.is_none() => self.tenant_name(schema)?,
            Tables::Schema(schema) => schema.clone(),
            Tables::Rows(_) => self.shared_schema().clone(),
        };
        Ok(Resolved::new(entry, self.map_of(&schema)))
    }

    /// The tenant to which a domain belongs, by the pool's [directory](crate::TenantDirectory); `None` if the domain
    /// belongs to no tenant, or the pool has no directory. Case and a dot at the end don't matter.
    ///
    /// # Errors
    /// [`CheckoutError::Directory`] if the directory can't be asked.
    pub async fn tenant_of_domain(&self, domain: &str) -> Result<Option<SchemaName>, CheckoutError> {
        let Some(remembered) = self.remembered() else {
            return Ok(None);
        };
        let domain = canonical_domain(domain);
        // No domain is longer, so a longer text need not be asked for and remembered.
        if domain.is_empty() || domain.len() > 253 {
            return Ok(None);
        }
        let find = async {
            let found = remembered.directory.find_domain(&domain, self).await;
            found.map_err(DirectoryError::new)
        };
        let target = || Target::Domain(domain.clone());
        let found = in_time(
            target,
            self.deadline(),
            remembered.known.domains.get_or_find(&domain, find),
        );
        found.await?.map_err(|source| CheckoutError::Directory {
            target: target(),
            source,
        })
    }
}

async fn in_time<T>(
    target: impl Fn() -> Target,
    deadline: Deadline,
    answer: impl Future<Output = T>,
) -> Result<T, CheckoutError> {
    deadline
        .bound(answer)
        .await
        .ok_or_else(|| CheckoutError::LookupTimeout {
            target: target(),
            waited: deadline.limit(),
        })
}
