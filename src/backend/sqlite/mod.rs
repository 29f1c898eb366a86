//! What speaks to SQLite, where a schema is a file.

pub(crate) mod connection;
#[allow(dead_code, reason = "the pool of files will use it")]
pub(crate) mod files;
#[allow(dead_code, reason = "the pool of files will use it")]
pub(crate) mod migrations;
