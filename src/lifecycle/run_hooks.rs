//! Operations with the application's hooks around them.

use std::future::Future;

use super::LifecycleError;
use crate::{TenantPool, pool::Backend, tenancy::LifecycleEvent};

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

impl<B: Backend> TenantPool<B> {
    /// Runs an operation between the hooks before and after it, if the pool has hooks.
    ///
    /// The operation is large, and goes onto the heap: whoever creates a tenant has it neither in a future of their own
    /// nor, without optimisation, several times on the stack.
    pub(crate) fn between_hooks<T, E: From<LifecycleError>>(
        &self,
        event: &LifecycleEvent,
        operation: impl Future<Output = Result<T, E>>,
    ) -> impl Future<Output = Result<T, E>> {
        let operation = Box::pin(operation);
        async move {
            let Some(hooks) = self.hooks() else {
                return operation.await;
            };
            hooks.before(event).await.map_err(|source| LifecycleError::Hook {
                operation: event.clone(),
                source,
            })?;
            let done = operation.await?;
            match hooks.after(event).await {
                Ok(()) => Ok(done),
                Err(source) => Err(LifecycleError::HookAfterwards {
                    operation: event.clone(),
                    source,
                }
                .into()),
            }
        }
    }
}
