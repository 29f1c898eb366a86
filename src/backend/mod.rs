//! What speaks to one kind of database, a room for each: its catalogs, its locks, its quoting. Everything above says
//! what is to be done.

pub(crate) mod migration_sql;
pub(crate) mod postgres;
#[cfg(feature = "sqlite")]
pub(crate) mod sqlite;
