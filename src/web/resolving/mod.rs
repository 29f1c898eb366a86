//! Which tenant a request is for.

pub(crate) mod claims;
pub(crate) mod host;
pub(crate) mod path;
pub(crate) mod request_host;
pub(crate) mod resolver;
