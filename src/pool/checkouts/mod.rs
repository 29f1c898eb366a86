//! Checkouts, from the request to the connection's return, whatever the kind of database: `backends` says how a
//! connection is got and taken back.

#[cfg(feature = "_web")]
mod admission;
#[cfg(feature = "_web")]
mod admitted;
mod checkout;
mod checkout_request;
mod connection_request;
mod resolve;
mod signals;

#[cfg(feature = "_web")]
pub(crate) use admitted::Admitted;
pub use checkout::Checkout;
#[cfg(feature = "_web")]
pub(crate) use checkout::SecondConnectionPermit;
pub use checkout_request::CheckoutRequest;
pub(crate) use connection_request::ConnectionRequest;
