//! MySQL and MariaDB: each tenant, and what tenants share, is a database of one server.
//!
//! A definition (`CREATE`, `ALTER`, `DROP`) commits by itself there, so nothing that makes or changes a database is one
//! transaction. Each operation takes steps, and writes down where it is before the next one: in the
//! [`registry`], the tables of the shared database, and in each database's own table of the
//! [progress](migrations) of its migrations. The same call goes on where an interrupted one stopped.

pub(crate) mod connecting;
mod definition_kind;
pub(crate) mod diagnosis;
pub(crate) mod directory_tables;
pub(crate) mod last_insert_id;
pub(crate) mod lifecycle;
pub(crate) mod locks;
pub(crate) mod migrations;
pub(crate) mod names;
pub(crate) mod quote;
pub(crate) mod registry;
pub(crate) mod rows;
#[cfg(feature = "schema")]
pub(crate) mod scratch_databases;
mod server;
mod session;
pub(crate) mod tenants;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(feature = "schema")]
pub(crate) mod typed_tables;
pub(crate) mod words;

pub(crate) use super::tasks::to_the_end;
pub(crate) use definition_kind::DefinitionKind;
pub(crate) use server::{Connect, Server};
pub(crate) use session::{Session, SessionError, is_deadlock, is_wait_timeout, undoes_transaction};
