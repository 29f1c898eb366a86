//! The kinds of database under a pool: a folder for each, which implements [`Backend`].

mod postgres;
#[cfg(feature = "sqlite")]
pub(crate) mod sqlite;

pub use self::postgres::{AnotherDatabase, PostgresPool};
pub(crate) use self::postgres::{Limits, connections};
#[cfg(feature = "sqlite")]
pub use self::sqlite::{NotSqliteUrl, Sqlite, SqliteFolder, SqlitePoolBuilder};
use super::backend::{Backend, Postgres};
