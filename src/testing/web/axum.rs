use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    http::{Request, Response, request},
};
use tower_service::Service;

use super::TenantRequests;

impl TenantRequests {
    /// Begins a request of Axum's, which is a `GET` unless told otherwise.
    ///
    /// ```
    /// use axum::{Router, body::Body, routing::get};
    /// use diesel_tenants::testing::web::{TenantRequests, send};
    ///
    /// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
    /// let app = Router::new().route("/hello", get(async || "hello"));
    /// let requests = TenantRequests::by_header("X-Tenant");
    /// let response = send(app, requests.axum("tenant_a", "/hello").body(Body::empty())?).await;
    /// assert_eq!(response.into_body(), "hello");
    /// # Ok::<(), axum::http::Error>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn axum(&self, tenant: &str, path: &str) -> request::Builder {
        let request = Request::builder().uri(self.path(tenant, path));
        match self.header(tenant) {
            Some((name, value)) => request.header(name, value),
            None => request,
        }
    }
}

/// Has an application of Axum's answer a request, without a network, and reads the whole body.
///
/// # Panics
///
/// If the body ends with an error.
pub async fn send(mut app: Router, request: Request<Body>) -> Response<Bytes> {
    // A router is always ready, and never fails.
    let Ok(response) = Service::<Request<Body>>::call(&mut app, request).await;
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX)
        .await
        .expect("the response's body is complete");
    Response::from_parts(parts, body)
}
