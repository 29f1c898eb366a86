//! How a tenant comes to be.

mod clone;
mod create;
mod errors;

pub use clone::{CloneTenant, CloneTenantError};
pub use errors::CreateTenantError;
