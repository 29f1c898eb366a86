//! What speaks to SQLite, where a schema is a file.

pub(crate) mod connection;
