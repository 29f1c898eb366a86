use crate::{
    IntoSchemaName, LifecycleError, SchemaName, Sqlite, TenantPool, TenantStatus,
    migrations::PATIENCE,
    tenancy::{DirectoryChange, LifecycleEvent},
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
        let change = DirectoryChange::Suspended { tenant: &tenant };
        self.set_status(&tenant, &event, change, TenantStatus::Suspended).await
    }

    /// Resumes a suspended tenant. Resuming an active tenant changes nothing.
    ///
    /// # Errors
    /// [`LifecycleError`]; the tenant is then unchanged.
    pub async fn resume_tenant(&self, tenant: impl IntoSchemaName) -> Result<(), LifecycleError> {
        let tenant = self.tenant_name(tenant)?;
        let event = LifecycleEvent::Resume { tenant: tenant.clone() };
        let change = DirectoryChange::Resumed { tenant: &tenant };
        self.set_status(&tenant, &event, change, TenantStatus::Active).await
    }

    async fn set_status(
        &self,
        tenant: &SchemaName,
        event: &LifecycleEvent,
        change: DirectoryChange<'_>,
        status: TenantStatus,
    ) -> Result<(), LifecycleError> {
        let tenant = tenant.clone();
        self.on_files(event, change, move |folder| {
            folder.set_status(&tenant, status, PATIENCE)
        })
        .await
    }
}
