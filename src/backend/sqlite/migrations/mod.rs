//! Migrations of one file, each on a connection that can do nothing elsewhere.
//!
//! A tenant's file is the connection's `main`, so raw DDL needs no schema and can't miss it. The shared file is attached
//! under the name of its schema, and can only be read. Each migration has a new connection, so no setting, temporary
//! table, attached file or `last_insert_rowid()` reaches the next one.
//!
//! A migration in SQL is read before it runs, statement by statement. What would reach beyond its file, end its
//! transaction, or do nothing in a transaction without saying so, is [refused](rules).

mod advice;
mod bodies;
mod confined;
mod failed;
mod foreign_keys;
mod plan;
mod problem;
mod rules;
mod run;
mod script;
#[cfg(test)]
mod tests;
mod version_table;

pub(crate) use confined::{Confined, Durability};
pub(crate) use failed::Failed;
pub(crate) use plan::Plan;
pub(crate) use problem::MigrationProblem;
pub(crate) use version_table::{AppliedVersion, VersionTable, applied_with_checksums};
