use crate::{
    IntoSchemaName, LifecycleError, Mysql, SchemaName, TenantPool, TenantStatus,
    backend::mysql::{Server, lifecycle, locks::LOCK_TIMEOUT},
    tenancy::LifecycleEvent,
};

/// # Suspending and resuming a tenant
impl TenantPool<Mysql> {
    /// Suspends a tenant. This pool refuses its checkouts at once
    /// ([`SuspendedTenant`](crate::CheckoutError::SuspendedTenant)), other processes within half a second.
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
        if self.placed_elsewhere(&tenant, event).await?.is_some() {
            self.keep_to_directory(event).await?;
            return self
                .between_hooks(event, self.set_status_elsewhere(&tenant, status, event))
                .await;
        }
        let name = tenant.clone();
        let set = |server: Server| async move { lifecycle::set_status(&server, &name, status, LOCK_TIMEOUT).await };
        self.operate(event, &[&tenant], set).await
    }
}
