use std::net::IpAddr;

/// A web framework, as far as resolvers need to know it. Implemented for the frameworks that this crate has features
/// for.
pub trait Framework: Sized + 'static {
    /// What your own resolvers see.
    type Request<'r>;
    /// The response to a request that is rejected.
    type Response;

    /// The first two values of a header: enough to tell that there is more than one.
    #[doc(hidden)]
    fn header_values<'h>(request: &'h Self::Request<'_>, name: &str) -> [Option<&'h [u8]>; 2];

    /// The host and port in the request's target: of HTTP/2, and of requests to a proxy.
    #[doc(hidden)]
    fn authority<'h>(request: &'h Self::Request<'_>) -> Option<&'h str>;

    /// The path, as it was sent.
    #[doc(hidden)]
    fn path<'h>(request: &'h Self::Request<'_>) -> &'h str;

    /// Who is at the other end of the connection.
    #[doc(hidden)]
    fn peer(request: &Self::Request<'_>) -> Option<IpAddr>;
}
