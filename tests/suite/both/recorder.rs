use std::sync::{Arc, Mutex};

use diesel_tenants::{BoxFuture, LifecycleEvent, LifecycleHooks, context::current_tenant, lifecycle::HookResult};

/// Writes down what it is told, and fails when told to.
#[derive(Clone, Default)]
pub struct Recorder {
    told: Arc<Mutex<Vec<String>>>,
    fails: Arc<Mutex<Option<&'static str>>>,
    current_tenants: Arc<Mutex<Vec<String>>>,
}

impl Recorder {
    fn record(&self, when: &'static str, event: &LifecycleEvent) -> HookResult {
        self.told.lock().unwrap().push(format!("{when}: {event}"));
        let current = current_tenant().map_or_else(String::new, |tenant| tenant.to_string());
        self.current_tenants.lock().unwrap().push(current);
        match *self.fails.lock().unwrap() {
            Some(fails) if fails == when => Err("no!".into()),
            _ => Ok(()),
        }
    }

    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.told.lock().unwrap())
    }

    /// The tenant that was the current one each time.
    pub fn take_current_tenants(&self) -> Vec<String> {
        std::mem::take(&mut self.current_tenants.lock().unwrap())
    }

    pub fn fail(&self, when: Option<&'static str>) {
        *self.fails.lock().unwrap() = when;
    }
}

impl LifecycleHooks for Recorder {
    fn before<'a>(&'a self, event: &'a LifecycleEvent) -> BoxFuture<'a, HookResult> {
        Box::pin(async move { self.record("before", event) })
    }

    fn after<'a>(&'a self, event: &'a LifecycleEvent) -> BoxFuture<'a, HookResult> {
        Box::pin(async move { self.record("after", event) })
    }
}
