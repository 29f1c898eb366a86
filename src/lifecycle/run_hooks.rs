//! Operations with the application's hooks around them.

use std::future::Future;

use super::LifecycleError;
use crate::{TenantPool, pool::Backend, tenancy::LifecycleEvent};

impl TenantPool {
    /// Runs an operation between the hooks before and after it, if the pool has hooks. Refuses first an operation of
    /// which a directory would not learn.
    pub(crate) async fn hooked<T, E: From<LifecycleError>>(
        &self,
        event: &LifecycleEvent,
        operation: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        self.keep_to_directory(event).await?;
        self.between_hooks(event, operation).await
    }
}

impl<B: Backend> TenantPool<B> {
    /// Runs an operation between the hooks before and after it, if the pool has hooks.
    pub(crate) async fn between_hooks<T, E: From<LifecycleError>>(
        &self,
        event: &LifecycleEvent,
        operation: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
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
