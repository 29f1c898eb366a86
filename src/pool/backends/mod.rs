//! The kinds of database under a pool: a folder for each, which implements [`Backend`].

#[cfg(feature = "mysql")]
pub(crate) mod mysql;
mod postgres;
mod recycle;
#[cfg(feature = "sqlite")]
pub(crate) mod sqlite;

#[cfg(feature = "mysql")]
pub use self::mysql::{InvalidMysqlUrl, Mysql, MysqlPoolBuilder, MysqlUrl};
pub use self::postgres::{AnotherDatabase, PostgresPool, TenantPoolBuilder};
#[cfg(feature = "sqlite")]
pub use self::sqlite::{NotSqliteUrl, Sqlite, SqliteFolder, SqlitePoolBuilder};
pub(crate) use self::{postgres::connections, recycle::Limits};
use super::backend::{Backend, Postgres};
