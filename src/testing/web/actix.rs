use actix_web::test::TestRequest;

use super::TenantRequests;

impl TenantRequests {
    /// Begins a request of Actix's, which is a `GET` unless told otherwise, for `actix_web::test::call_service`.
    pub fn actix(&self, tenant: &str, path: &str) -> TestRequest {
        let request = TestRequest::with_uri(&self.path(tenant, path));
        match self.header(tenant) {
            Some((name, value)) => request.insert_header((name, value)),
            None => request,
        }
    }
}
