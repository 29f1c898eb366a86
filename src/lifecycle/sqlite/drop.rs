use std::time::Duration;

use futures_core::future::BoxFuture;

use super::operation::Operation;
use crate::{
    IntoSchemaName, LifecycleError, SchemaName, Sqlite, TenantPool,
    lifecycle::DropRequest,
    tenancy::{DirectoryChange, LifecycleEvent},
};

/// # Dropping a tenant
///
/// A tenant is dropped when nobody has its file open: see [`DropRequest::wait`].
impl TenantPool<Sqlite> {
    /// Drops a tenant with all its data, permanently: also an archive, by its name, and a file that is no database.
    ///
    /// # Errors
    /// [`LifecycleError`]; the tenant is then unchanged.
    pub fn drop_tenant(&self, tenant: impl IntoSchemaName) -> DropRequest<'_, Sqlite> {
        DropRequest::new(self, self.name_of_existing(tenant))
    }

    pub(super) async fn drop_file(
        &self,
        tenant: SchemaName,
        event: &LifecycleEvent,
        wait: Duration,
    ) -> Result<(), LifecycleError> {
        let name = tenant.clone();
        let drop = |operation: Operation| async move {
            let dropped = name.clone();
            let drop = operation.clone();
            let drop = drop.files(move |folder| folder.drop(&dropped, wait));
            if !operation.is_recorded {
                return drop.await;
            }
            match operation.entry(&name).await? {
                Some(entry) => {
                    if let Some(error) = operation.not_own_file(&name, &entry) {
                        return Err(error);
                    }
                    match drop.await {
                        // An earlier call was interrupted.
                        Ok(()) | Err(LifecycleError::NotFound { .. }) => {}
                        Err(error) => return Err(error),
                    }
                    operation.record(&DirectoryChange::Removed { tenant: &name }).await
                }
                None => {
                    operation.require_nobodys(&name).await?;
                    drop.await
                }
            }
        };
        self.operate(event, &[&tenant], drop).await
    }
}

impl<'a> IntoFuture for DropRequest<'a, Sqlite> {
    type Output = Result<(), LifecycleError>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let tenant = self.tenant?;
            let event = LifecycleEvent::Drop { tenant: tenant.clone() };
            self.pool.drop_file(tenant, &event, self.patience.wait).await
        })
    }
}
