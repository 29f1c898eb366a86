//! Checkouts, from the request to the connection's return.

#[cfg(feature = "_web")]
mod admission;
#[cfg(feature = "_web")]
mod admitted;
mod another_database;
mod checkout;
mod get;
mod read_ahead;
mod read_only;
mod request;
mod resolve;
mod tenant_id;
mod wish;

#[cfg(feature = "_web")]
pub(crate) use admitted::Admitted;
pub use another_database::AnotherDatabase;
pub use checkout::Checkout;
#[cfg(feature = "_web")]
pub(crate) use checkout::Turn;
pub use request::CheckoutRequest;
pub(crate) use wish::Wish;
