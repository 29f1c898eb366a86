//! How a tenant comes to be.

pub(crate) mod create;
pub(crate) mod create_at_once;
pub(crate) mod create_in_steps;
pub(crate) mod create_with;
pub(crate) mod place_elsewhere;

pub use create::CreateRequest;
pub use create_with::CreateWithError;
