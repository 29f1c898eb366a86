//! Migrations of one database, on connections of their own.
//!
//! A migration's connection has the tenant's database as its default, so a name without a database can only be the
//! tenant's. What names another database is [refused](rules) before anything is sent; only the shared database can be
//! read and referenced.
//!
//! A definition commits by itself on MySQL and MariaDB. So a migration is sent statement by statement, and the
//! [progress table](progress) in the same database says how many of them are applied. A failed or interrupted migration
//! goes on behind the last one. A statement that changes rows, and the note that it is applied, are one transaction. A
//! definition can't be in a transaction, so the table says beforehand which one comes next, and what its object was. If
//! the client dies before it notes the end, the object's definition [shows](evidence) whether the statement was applied.
//!
//! A migration that only changes rows is one transaction, with its version row.

mod code;
mod evidence;
mod failed;
mod plan;
mod problem;
mod progress;
mod rules;
mod run;
mod runner;
mod script;
mod statement;
#[cfg(test)]
mod tests;
mod version_table;

pub(in crate::backend::mysql) use evidence::{Shown, without_counter};
pub(crate) use failed::{Failed, MysqlAftermath};
pub(crate) use plan::{Plan, Source};
pub(crate) use problem::MigrationProblem;
pub(crate) use progress::PROGRESS_TABLE;
pub(crate) use runner::{Owner, Runner};
pub(crate) use version_table::{Recorded, recorded, recorded_in_all};
