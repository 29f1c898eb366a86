use std::net::IpAddr;

/// A web framework, as far as resolvers need to know it. Implemented only for the frameworks for which this crate has
/// features.
pub trait Framework: ReadRequest {
    /// What your own resolvers see.
    type Request<'r>;
    /// The response to a request that is rejected.
    type Response;
}

/// How resolvers read a framework's requests. Code outside this crate can't name this trait, and so can't implement
/// [`Framework`].
pub trait ReadRequest: Sized + 'static {
    /// The first two values of a header: enough to tell that there is more than one.
    fn header_values<'h>(request: &'h Self::Request<'_>, name: &str) -> [Option<&'h [u8]>; 2]
    where
        Self: Framework;

    /// The host and port in the request's target: of HTTP/2, and of requests to a proxy.
    fn authority<'h>(request: &'h Self::Request<'_>) -> Option<&'h str>
    where
        Self: Framework;

    /// The path, as it was sent.
    fn path<'h>(request: &'h Self::Request<'_>) -> &'h str
    where
        Self: Framework;

    /// The address at the other end of the connection.
    fn peer(request: &Self::Request<'_>) -> Option<IpAddr>
    where
        Self: Framework;
}
