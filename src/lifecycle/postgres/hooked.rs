//! Operations with the application's hooks around them, of which the directory learns.

use std::future::Future;

use crate::{LifecycleError, TenantPool, tenancy::LifecycleEvent};

impl TenantPool {
    /// Runs an operation between the hooks before and after it, if the pool has hooks. Refuses first an operation of
    /// which a directory would not learn.
    pub(crate) fn hooked<T, E: From<LifecycleError>>(
        &self,
        event: &LifecycleEvent,
        operation: impl Future<Output = Result<T, E>>,
    ) -> impl Future<Output = Result<T, E>> {
        let operation = self.between_hooks(event, operation);
        async move {
            self.keep_to_directory(event).await?;
            operation.await
        }
    }
}
