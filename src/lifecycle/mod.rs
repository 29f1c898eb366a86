//! How a tenant comes to be.

mod create;
mod errors;

pub use errors::LifecycleError;
