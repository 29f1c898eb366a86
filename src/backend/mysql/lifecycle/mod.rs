//! What is done to the databases of tenants: making, renaming, copying and dropping them.
//!
//! Nothing here can be one transaction. So each operation first writes into the [registry](super::registry) what it is
//! about to do, and the tenant is unfinished from then on: nobody can check it out. Each step can be repeated. The same
//! call, or a [sweep], finishes an operation whose process has died.
//!
//! Only databases with an entry in the registry are changed or dropped.

mod clone;
mod create;
mod database;
mod definers;
mod drop;
mod error;
mod import;
mod migrate;
mod moving;
mod objects;
mod placed;
mod rename;
mod status;
mod structure;
mod sweep;
#[cfg(test)]
mod tests;

pub(crate) use clone::clone_tenant;
pub(crate) use create::create;
pub(crate) use drop::drop_tenant;
pub(crate) use error::OperationError;
pub(crate) use import::Importing;
pub(crate) use migrate::{Task, Worker, migrate, migrate_shared, pending, revert, revert_shared};
#[cfg(feature = "schema")]
pub(crate) use objects::renamed;
pub(crate) use placed::{directory_id, find_adoptable, give_to_directory, wake};
pub(crate) use rename::{archive, rename, restore};
pub(crate) use status::{find, is_free, note, note_all, set_status};
pub(crate) use structure::{Definition, Structure, all_definitions, positions, row_tables, structure};
pub(crate) use sweep::{Swept, sweep};
