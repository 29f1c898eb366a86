//! Suspends and resumes tenants.

use super::operation::{Operation, connect};
use crate::{
    IntoSchemaName, SchemaName, TenantPool,
    lifecycle::{LifecycleError, ask_directory::unfinished, status_change::change_to},
    tenancy::{LifecycleEvent, TenantStatus},
};

/// # Suspending and resuming a tenant
impl TenantPool {
    /// Suspends a tenant. This pool refuses its checkouts at once
    /// ([`SuspendedTenant`](crate::CheckoutError::SuspendedTenant)); other processes do so when they look the tenant up
    /// again (by default within 60 seconds, see [`schema_cache`](crate::TenantPoolBuilder::schema_cache)).
    ///
    /// Connections that are checked out keep working until they are returned. Migrations still include the tenant.
    /// Suspending a suspended tenant changes nothing.
    ///
    /// # Errors
    /// [`LifecycleError`]; the tenant is then unchanged.
    pub async fn suspend_tenant(&self, tenant: impl IntoSchemaName) -> Result<(), LifecycleError> {
        let tenant = self.tenant_name(tenant)?;
        let event = LifecycleEvent::Suspend { tenant: tenant.clone() };
        let suspend = self.set_status(&tenant, &event, TenantStatus::Suspended);
        self.hooked(&event, suspend).await
    }

    /// Resumes a suspended tenant. This pool admits the tenant at once, and so do other processes without a directory,
    /// which look up suspended tenants at each checkout. With a directory and without `listen`, other processes admit
    /// the tenant when their remembered answer expires (by default after 60 seconds). Resuming an active tenant changes
    /// nothing.
    ///
    /// # Errors
    /// [`LifecycleError`]; the tenant is then unchanged.
    pub async fn resume_tenant(&self, tenant: impl IntoSchemaName) -> Result<(), LifecycleError> {
        let tenant = self.tenant_name(tenant)?;
        let event = LifecycleEvent::Resume { tenant: tenant.clone() };
        let resume = self.set_status(&tenant, &event, TenantStatus::Active);
        self.hooked(&event, resume).await
    }

    async fn set_status(
        &self,
        tenant: &SchemaName,
        event: &LifecycleEvent,
        status: TenantStatus,
    ) -> Result<(), LifecycleError> {
        if let Some(entry) = self.placed_elsewhere(tenant, event).await? {
            if let Some(error) = unfinished(&entry, event) {
                return Err(error);
            }
            let _forget = self.forget_afterwards(tenant);
            return self.note_elsewhere(tenant, &change_to(tenant, status), event).await;
        }
        let mut connection = connect(self, event).await?;
        let mut operation = Operation::new(self, &mut connection, event.clone());
        let _forget = self.forget_afterwards(tenant);
        operation.begin(&[tenant]).await?;
        let done = operation.set_status(tenant, status).await;
        operation.end(done).await
    }
}

impl Operation<'_> {
    async fn set_status(&mut self, tenant: &SchemaName, status: TenantStatus) -> Result<(), LifecycleError> {
        // The comment is written only if the status changes: an active tenant may have a comment of the application's.
        if self.tenant_status(tenant).await? != status {
            self.mark(tenant, &status.comment()).await?;
        }
        self.note(&change_to(tenant, status)).await
    }
}
