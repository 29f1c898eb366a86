use futures_core::future::BoxFuture;

use super::operation::Operation;
use crate::{IntoSchemaName, LifecycleError, Sqlite, TenantPool, lifecycle::RenameRequest, tenancy::LifecycleEvent};

/// # Renaming a tenant
///
/// A tenant's file is renamed when nobody has it open. Idle connections of this pool are closed first, and other
/// processes are asked to close theirs. A file that is in use for longer than the request [waits](RenameRequest::wait)
/// is an error, and stays as it is. Once begun, an operation goes on if its future is dropped.
impl TenantPool<Sqlite> {
    /// Renames a tenant with its data, its migrations and its status. Nothing is copied.
    ///
    /// # Errors
    /// [`LifecycleError`]; the tenant then keeps its old name.
    pub fn rename_tenant(&self, from: impl IntoSchemaName, to: impl IntoSchemaName) -> RenameRequest<'_, Sqlite> {
        RenameRequest::new(self, from, to)
    }
}

impl<'a> IntoFuture for RenameRequest<'a, Sqlite> {
    type Output = Result<(), LifecycleError>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let (from, to) = self.names?;
            let wait = self.patience.wait;
            let event = LifecycleEvent::Rename {
                from: from.clone(),
                to: to.clone(),
            };
            let names = (from.clone(), to.clone());
            let rename = |operation: Operation| async move {
                let (from, to) = names;
                match operation.is_recorded {
                    true => operation.rename(&from, &to, wait).await,
                    false => operation.files(move |folder| folder.rename(&from, &to, wait)).await,
                }
            };
            self.pool.operate(&event, &[&from, &to], rename).await
        })
    }
}
