//! Operations with the application's hooks around them.

use std::future::Future;

use super::LifecycleError;
use crate::{TenantPool, context::with_tenant, pool::Backend, signals::Span, tenancy::LifecycleEvent};

impl<B: Backend> TenantPool<B> {
    /// Runs an operation between the hooks before and after it, if the pool has hooks, within the span of the operation.
    /// In a hook, the tenant is the current one.
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
}
