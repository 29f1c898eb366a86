//! How a tenant comes to be.

pub(crate) mod create;
pub(crate) mod create_at_once;
pub(crate) mod create_in_steps;
pub(crate) mod place_elsewhere;
