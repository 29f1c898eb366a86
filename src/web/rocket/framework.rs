use std::net::IpAddr;

use rocket::{Request, Response};

use crate::{
    pool::Postgres,
    web::{Framework, Tenants, framework::ReadRequest},
};

/// The framework [Rocket](::rocket). Your own resolvers see [`Request`].
#[derive(Debug, Clone, Copy)]
pub enum Rocket {}

/// The fairing that resolves tenants.
pub type TenantFairing<B = Postgres> = Tenants<Rocket, B>;

/// Finds the tenant in a request.
pub type Resolver = crate::web::Resolver<Rocket>;

impl Framework for Rocket {
    type Request<'r> = Request<'r>;
    type Response = Response<'static>;
}

impl ReadRequest for Rocket {
    fn header_values<'h>(request: &'h Request<'_>, name: &str) -> [Option<&'h [u8]>; 2] {
        let mut values = request.headers().get(name).map(str::as_bytes);
        [values.next(), values.next()]
    }

    fn authority<'h>(request: &'h Request<'_>) -> Option<&'h str> {
        // For HTTP/1 this comes from the header `Host`, for HTTP/2 from the request's target.
        Some(request.host()?.domain().as_str())
    }

    fn path<'h>(request: &'h Request<'_>) -> &'h str {
        request.uri().path().as_str()
    }

    fn peer(request: &Request<'_>) -> Option<IpAddr> {
        Some(request.remote()?.ip())
    }
}
