//! How a tenant comes to be.

pub(crate) mod create;
pub(crate) mod create_at_once;
pub(crate) mod creation;
pub(crate) mod place;
pub(crate) mod plan;
