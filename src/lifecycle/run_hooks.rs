//! Operations with the application's hooks around them.

use std::future::Future;

use super::LifecycleError;
use crate::{TenantPool, context::with_tenant, pool::Backend, signals::Span, tenancy::LifecycleEvent};

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
    /// Runs an operation between the hooks before and after it, if the pool has hooks, within the span of the operation.
    /// In a hook, the tenant is the current one.
    pub(crate) async fn between_hooks<T, E: From<LifecycleError>>(
        &self,
        event: &LifecycleEvent,
        operation: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let span = Span::lifecycle(event);
        let Some(hooks) = self.hooks() else {
            return span.run(operation).await;
        };
        let with_hooks = async {
            let before = with_tenant(event.tenant_before(), hooks.before(event)).await;
            before.map_err(|source| LifecycleError::Hook {
                operation: event.clone(),
                source,
            })?;
            let done = operation.await?;
            let after = with_tenant(event.tenant(), hooks.after(event)).await;
            after.map_err(|source| LifecycleError::HookAfterwards {
                operation: event.clone(),
                source,
            })?;
            Ok::<T, E>(done)
        };
        span.run(with_hooks).await
    }
}
