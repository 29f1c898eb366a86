//! What speaks to one kind of database, a room for each: its catalogs, its locks, its quoting. Everything above says
//! what is to be done. How a pool hands out connections of each kind is the trait `Backend`, in `pool/backend.rs`.

pub(crate) mod archive_name;
pub(crate) mod directory_tables;
pub(crate) mod migration_sql;
#[cfg(feature = "mysql")]
pub(crate) mod mysql;
pub(crate) mod object_kind;
pub(crate) mod postgres;
pub(crate) mod random;
#[cfg(feature = "sqlite")]
pub(crate) mod sqlite;
pub(crate) mod tasks;
#[cfg(feature = "schema")]
pub(crate) mod typed_tables;
