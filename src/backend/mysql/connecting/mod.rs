//! Opens connections, and proves that their sessions are what translated texts need.

mod connect_error;
mod connector;
mod session;

pub use connect_error::MysqlConnectError;
pub(crate) use connector::{Access, Connector};
