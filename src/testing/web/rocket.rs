use rocket::{
    http::{Header, Method},
    local::asynchronous::{Client, LocalRequest},
};

use super::TenantRequests;

impl TenantRequests {
    /// Begins a request of Rocket's, for its local client.
    ///
    /// # Panics
    ///
    /// If the path is none, as Rocket does.
    pub fn rocket<'c>(&self, client: &'c Client, method: Method, tenant: &str, path: &str) -> LocalRequest<'c> {
        let request = client.req(method, self.path(tenant, path));
        match self.header(tenant) {
            Some((name, value)) => request.header(Header::new(name, value)),
            None => request,
        }
    }
}
