//! Declarations of tables that are in files of SQLite.

mod request;
mod scratch;
