//! How a tenant comes to be.

mod create;
mod create_at_once;
mod errors;

pub use errors::LifecycleError;
