//! How connections are opened, and what a session must prove before anybody gets it.

#[cfg(feature = "blocking")]
pub(crate) mod blocking;
pub(crate) mod connect;
pub(crate) mod connect_error;
pub(crate) mod connector;
pub(crate) mod safe_session;
pub(crate) mod session_proof;
pub(crate) mod startup;
