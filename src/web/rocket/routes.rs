use std::mem;

use rocket::{
    Data, Request, Route, async_trait,
    route::{self, Handler},
};

use super::{Admission, Rejection, TenantFairing, admission, answer::reject};

/// Routes whose handlers run as the tenant's: [`TenantPool::current`](crate::TenantPool::current) works in them.
pub fn in_tenant(routes: impl Into<Vec<Route>>) -> Vec<Route> {
    let mut routes = routes.into();
    for route in &mut routes {
        route.handler = Box::new(InTenant(route.handler.clone()));
    }
    routes
}

#[derive(Clone)]
struct InTenant(Box<dyn Handler>);

#[async_trait]
impl Handler for InTenant {
    async fn handle<'r>(&self, request: &'r Request<'_>, data: Data<'r>) -> route::Outcome<'r> {
        match admission(request) {
            Admission::Admitted(context) => {
                let abandon = context.abandon_on_drop();
                // Handlers may do their work at once, and not only when their future is polled.
                let outcome = context.scope(async { self.0.handle(request, data).await }).await;
                // What a catcher makes of a failure, or another route of the request, is no reason to commit what this one did before it.
                if !outcome.is_success() {
                    context.roll_back().await;
                }
                mem::forget(abandon);
                outcome
            }
            // A fairing that came after ours has led it here.
            Admission::Rejected(rejection) => reject(request, &rejection),
            Admission::NotInstalled if request.rocket().state::<TenantFairing>().is_some() => {
                reject(request, &Rejection::NotInstalled)
            }
            Admission::NotInstalled => self.0.handle(request, data).await,
        }
    }
}
