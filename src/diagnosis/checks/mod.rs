//! The checks, and their advice.

mod directory;
mod functions;
mod objects;
mod server;
mod session;
mod tenants;

pub(super) use directory::check_directory;
pub(super) use functions::check_functions;
pub(super) use objects::check_objects;
pub(super) use server::check_server;
pub(super) use session::{Role, check_session};
pub(super) use tenants::check_tenants;
