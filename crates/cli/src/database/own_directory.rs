use diesel_tenants::{
    BoxFuture,
    lifecycle::{HookResult, LifecycleEvent, LifecycleHooks},
};

/// Hooks that refuse every operation of which the application's own directory would have to know.
pub struct OwnDirectory;

impl LifecycleHooks for OwnDirectory {
    fn before<'a>(&'a self, _: &'a LifecycleEvent) -> BoxFuture<'a, HookResult> {
        Box::pin(async {
            Err("the application has a directory of its own (`directory = \"own\"` in diesel-tenants.toml), which this \
                 command can't change: do it in the application"
                .into())
        })
    }
}
