//! Which tenants there are, by the directory if it lists them, or else by the database's own catalog.

use super::{Backend, CheckoutError, Target, TenantInfo, TenantPool};
use crate::{
    IntoSchemaName, SchemaName,
    tenancy::{DirectoryEntry, DirectoryError, TenantStatus},
};

/// # Listing tenants
impl<B: Backend> TenantPool<B> {
    /// All tenants, active and suspended, sorted by name. A tenant is a schema with a table
    /// `__diesel_schema_migrations`, except the shared schema. One query finds any number of tenants.
    ///
    /// A tenant under a name that no tenant may have is listed as well, with the reason
    /// ([`reserved`](TenantInfo::reserved)).
    ///
    /// If the pool has a [directory](crate::TenantDirectory) that lists its tenants, the list is the directory's, in
    /// whatever database the tenants live.
    ///
    /// # Errors
    /// [`CheckoutError`], if there is no connection for the query, or the server refuses it.
    pub async fn tenants(&self) -> Result<Vec<TenantInfo>, CheckoutError> {
        let mut tenants = match self.listed_tenants().await? {
            Some(listed) => {
                let tenant = |(name, DirectoryEntry { status, .. })| self.tenant_info(name, status);
                listed.into_iter().map(tenant).collect()
            }
            None => self.all_tenants().await?,
        };
        tenants.retain(|tenant| tenant.status.is_tenant());
        Ok(tenants)
    }

    /// Whether a tenant exists, active or suspended: neither being created nor archived.
    ///
    /// # Errors
    /// [`CheckoutError`], except `UnknownTenant`.
    pub async fn tenant_exists(&self, tenant: impl IntoSchemaName) -> Result<bool, CheckoutError> {
        match self.for_tenant(tenant).get().await {
            Ok(_) | Err(CheckoutError::SuspendedTenant { .. }) => Ok(true),
            Err(CheckoutError::UnknownTenant { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The names of the active tenants, sorted.
    pub(crate) async fn active_tenants(&self) -> Result<Vec<SchemaName>, CheckoutError> {
        let tenants = self.tenants().await?.into_iter();
        let active = tenants.filter(|tenant| tenant.status == TenantStatus::Active);
        Ok(active.map(|tenant| tenant.name).collect())
    }

    /// The tenants that the directory lists, sorted by name; `None` without a directory, or if it can't list them.
    pub(crate) async fn listed_tenants(&self) -> Result<Option<Vec<(SchemaName, DirectoryEntry)>>, CheckoutError> {
        let Some(directory) = self.directory() else {
            return Ok(None);
        };
        let mut listed = directory.list(self).await.map_err(|source| CheckoutError::Directory {
            target: Target::Shared,
            source: DirectoryError::new(source),
        })?;
        if let Some(listed) = &mut listed {
            listed.sort_by(|(one, _), (other, _)| one.cmp(other));
        }
        Ok(listed)
    }

    /// Tenants of every status in the catalog of the pool's own database: besides the tenants proper, spare and
    /// archived tenants, and tenants that a crash left unfinished. Tenants that a directory places in other databases are
    /// in [`tenants`](Self::tenants) only.
    ///
    /// # Errors
    /// As for [`tenants`](Self::tenants).
    pub async fn all_tenants(&self) -> Result<Vec<TenantInfo>, CheckoutError> {
        B::all_tenants(self).await
    }
}
