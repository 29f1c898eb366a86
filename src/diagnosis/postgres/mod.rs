//! The diagnosis of a server of PostgreSQL, its tenants and their directory; and of several databases.

mod databases;
mod directory;
mod functions;
mod objects;
mod request;
mod server;
mod session;
mod tenants;

pub use databases::{DatabaseInfo, DatabaseState, InspectError, InspectRequest};
