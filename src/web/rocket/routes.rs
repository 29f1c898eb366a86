use rocket::{
    Data, Request, Route, async_trait,
    route::{self, Handler},
};

use super::{Admission, admission, answer::reject};

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
        let handled = self.0.handle(request, data);
        match admission(request) {
            Admission::Admitted(context) => context.scope(handled).await,
            // A fairing that came after ours has led it here.
            Admission::Rejected(rejection) => reject(request, rejection),
            Admission::NotInstalled => handled.await,
        }
    }
}
