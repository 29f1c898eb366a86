//! Suspends and resumes tenants.

use super::operation::Operation;
use crate::{
    IntoSchemaName, LifecycleError, SchemaName, Sqlite, TenantPool, TenantStatus,
    backend::sqlite::files::FILE_LOCK_TIMEOUT, lifecycle::status_change::change_to, tenancy::LifecycleEvent,
};

/// # Suspending and resuming a tenant
impl TenantPool<Sqlite> {
    /// Suspends a tenant. This pool refuses its checkouts at once
    /// ([`SuspendedTenant`](crate::CheckoutError::SuspendedTenant)); other processes do so when they look the tenant up
    /// again (by default within 60 seconds, see [`schema_cache`](crate::SqlitePoolBuilder::schema_cache)).
    ///
    /// Connections that are checked out keep working until they are returned. Migrations still include the tenant.
    /// Suspending a suspended tenant changes nothing.
    ///
    /// # Errors
    /// [`LifecycleError`]; the tenant is then unchanged.
    pub async fn suspend_tenant(&self, tenant: impl IntoSchemaName) -> Result<(), LifecycleError> {
        let tenant = self.tenant_name(tenant)?;
        let event = LifecycleEvent::Suspend { tenant: tenant.clone() };
        self.set_status(tenant, &event, TenantStatus::Suspended).await
    }

    /// Resumes a suspended tenant. Resuming an active tenant changes nothing.
    ///
    /// # Errors
    /// [`LifecycleError`]; the tenant is then unchanged.
    pub async fn resume_tenant(&self, tenant: impl IntoSchemaName) -> Result<(), LifecycleError> {
        let tenant = self.tenant_name(tenant)?;
        let event = LifecycleEvent::Resume { tenant: tenant.clone() };
        self.set_status(tenant, &event, TenantStatus::Active).await
    }

    async fn set_status(
        &self,
        tenant: SchemaName,
        event: &LifecycleEvent,
        status: TenantStatus,
    ) -> Result<(), LifecycleError> {
        let name = tenant.clone();
        let set = |operation: Operation| async move {
            if operation.is_recorded {
                operation.tenants_entry(&name).await?;
                let facts = operation.facts(&name).await?;
                if !facts.is_some_and(|facts| facts.status.is_tenant()) {
                    return Err(LifecycleError::NotFound { tenant: name });
                }
                operation.record(&change_to(&name, status)).await?;
            }
            let files = operation.files(move |folder| folder.set_status(&name, status, FILE_LOCK_TIMEOUT));
            files.await
        };
        self.operate(event, &[&tenant], set).await
    }
}
