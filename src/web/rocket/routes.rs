use std::mem;

use rocket::{
    Data, Request, Route, async_trait,
    route::{self, Handler},
};

use super::{
    Rejection,
    admission::{Admission, admission},
    rejection_response::{Installed, reject},
};
use crate::web::request_context::is_success;

/// Routes whose handlers have a current tenant: [`TenantPool::current`](crate::TenantPool::current) works in them.
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
                // A handler may do its work when it is called, not only when its future is polled.
                let outcome = context.scope(async { self.0.handle(request, data).await }).await;
                // A catcher or fairing may turn the failure into a success, but what the handler did before it is not
                // committed.
                if has_failed(&outcome) {
                    context.roll_back().await;
                }
                mem::forget(abandon);
                outcome
            }
            // A fairing that ran after this crate's fairing sent the request here.
            Admission::Rejected(rejection) => reject(request, &rejection),
            Admission::NotInstalled if request.rocket().state::<Installed>().is_some() => {
                reject(request, &Rejection::NotInstalled)
            }
            Admission::NotInstalled => self.0.handle(request, data).await,
        }
    }
}

/// A forward is not a failure: another route may answer.
fn has_failed(outcome: &route::Outcome<'_>) -> bool {
    match outcome {
        route::Outcome::Success(response) => !is_success(response.status().code),
        route::Outcome::Error(_) => true,
        route::Outcome::Forward(_) => false,
    }
}
