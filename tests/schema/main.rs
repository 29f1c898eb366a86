//! Declarations of tables: what is generated is compiled into this very test, and queried on a real server for two
//! tenants.
//!
//! `UPDATE=1 cargo test --features schema --test schema` writes the generated files anew, to be read before they are
//! committed.

mod check;
mod extensions;
mod kinds;
#[cfg(feature = "mysql")]
mod mysql;
mod options;
mod readme;
mod scratch;
mod setting;
mod sixty;
#[cfg(feature = "sqlite")]
mod sqlite;
mod store;
