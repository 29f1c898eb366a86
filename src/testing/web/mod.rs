//! Requests that are a tenant's, for the test clients of the web frameworks.

#[cfg(feature = "actix")]
mod actix;
#[cfg(feature = "axum")]
mod axum;
#[cfg(feature = "rocket")]
mod rocket;

#[cfg(feature = "axum")]
pub use self::axum::send;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

/// How an application's requests name their tenant: what its [`Resolver`](crate::web::Resolver) reads.
///
/// ```
/// use diesel_tenants::testing::web::TenantRequests;
///
/// let requests = TenantRequests::by_subdomain("example.com"); // Host: tenant_a.example.com
/// ```
#[derive(Debug, Clone)]
pub struct TenantRequests(By);

#[derive(Debug, Clone)]
enum By {
    Subdomain(String),
    Header(String),
    PathSegment,
}

impl TenantRequests {
    /// For `Resolver::subdomain(domain)`: the host is the tenant's name, and this domain.
    pub fn by_subdomain(domain: impl Into<String>) -> Self {
        Self(By::Subdomain(domain.into()))
    }

    /// For `Resolver::header(name)`: the header is the tenant's name.
    pub fn by_header(name: impl Into<String>) -> Self {
        Self(By::Header(name.into()))
    }

    /// For `Resolver::path_segment(0)`: the path begins with the tenant's name.
    pub fn by_path_segment() -> Self {
        Self(By::PathSegment)
    }

    /// The path of a request.
    fn path(&self, tenant: &str, path: &str) -> String {
        match self.0 {
            By::PathSegment => format!("/{}{path}", utf8_percent_encode(tenant, NON_ALPHANUMERIC)),
            _ => path.to_owned(),
        }
    }

    /// The header that a request gets.
    fn header(&self, tenant: &str) -> Option<(String, String)> {
        match &self.0 {
            By::Subdomain(domain) => Some(("host".to_owned(), format!("{tenant}.{domain}"))),
            By::Header(name) => Some((name.clone(), tenant.to_owned())),
            By::PathSegment => None,
        }
    }
}
