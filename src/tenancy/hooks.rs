use std::error::Error;

use futures_core::future::BoxFuture;

use super::LifecycleEvent;

/// What a hook returns.
pub type HookResult = Result<(), Box<dyn Error + Send + Sync>>;

/// Application code that runs before and after this pool creates, clones, imports, renames, moves, suspends, resumes,
/// drops, archives, restores or purges a tenant; set by [`TenantPoolBuilder::hooks`](crate::TenantPoolBuilder::hooks).
///
/// A hook runs outside the operation's transaction, and without its locks, so it can use the pool itself. A hook may
/// therefore run before an operation that then fails, and a crash may come between the operation and the hook after it.
///
/// In a hook, the event's tenant is the [current tenant](crate::context), and with the feature `tracing` the operation's
/// span is the current one. A new tenant can't be checked out before it is created, nor a dropped one afterwards.
///
/// ```
/// use diesel_tenants::{BoxFuture, lifecycle::{HookResult, LifecycleEvent, LifecycleHooks}};
///
/// struct Audit;
///
/// impl LifecycleHooks for Audit {
///     fn before<'a>(&'a self, event: &'a LifecycleEvent) -> BoxFuture<'a, HookResult> {
///         Box::pin(async move {
///             match event {
///                 LifecycleEvent::Drop { tenant } if tenant.as_str() == "demo" => Err("the demo stays".into()),
///                 _ => Ok(()),
///             }
///         })
///     }
///
///     fn after<'a>(&'a self, event: &'a LifecycleEvent) -> BoxFuture<'a, HookResult> {
///         Box::pin(async move {
///             println!("done: {event}");
///             Ok(())
///         })
///     }
/// }
///
/// let pool = diesel_tenants::TenantPool::builder("postgres://localhost/store").hooks(Audit);
/// ```
pub trait LifecycleHooks: Send + Sync {
    /// Called before the operation. An error prevents the operation
    /// ([`LifecycleError::Hook`](crate::LifecycleError::Hook)).
    fn before<'a>(&'a self, event: &'a LifecycleEvent) -> BoxFuture<'a, HookResult> {
        let _ = event;
        Box::pin(async { Ok(()) })
    }

    /// Called after the operation has succeeded. An error is returned to the operation's caller
    /// ([`LifecycleError::HookAfterwards`](crate::LifecycleError::HookAfterwards)), and undoes nothing.
    fn after<'a>(&'a self, event: &'a LifecycleEvent) -> BoxFuture<'a, HookResult> {
        let _ = event;
        Box::pin(async { Ok(()) })
    }
}
