use std::error::Error;

use futures_core::future::BoxFuture;

use super::LifecycleEvent;

/// What a hook may answer.
pub type HookResult = Result<(), Box<dyn Error + Send + Sync>>;

/// Code of the application that runs before and after a tenant is created, imported, renamed, suspended, resumed, dropped,
/// archived, restored or purged by this pool; set by [`TenantPoolBuilder::hooks`](crate::TenantPoolBuilder::hooks).
///
/// A hook runs outside of the operation's transaction, and without its locks: it can use the pool itself. So it may run for an
/// operation that then fails, and a crash may come between the operation and the hook after it.
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
    /// Called before anything is done. An error keeps it from being done
    /// ([`LifecycleError::Hook`](crate::LifecycleError::Hook)).
    fn before<'a>(&'a self, event: &'a LifecycleEvent) -> BoxFuture<'a, HookResult> {
        let _ = event;
        Box::pin(async { Ok(()) })
    }

    /// Called once it is done, and not if it failed. An error is returned to whoever asked for it
    /// ([`LifecycleError::HookAfterwards`](crate::LifecycleError::HookAfterwards)), and undoes nothing.
    fn after<'a>(&'a self, event: &'a LifecycleEvent) -> BoxFuture<'a, HookResult> {
        let _ = event;
        Box::pin(async { Ok(()) })
    }
}
