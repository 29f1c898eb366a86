//! The kinds of database under a pool: a folder for each, which implements [`Backend`].

#[cfg(feature = "mysql")]
pub(crate) mod mysql;
mod postgres;
mod recycle;
mod replica_errors;
#[cfg(feature = "sqlite")]
pub(crate) mod sqlite;

#[cfg(feature = "mysql")]
pub use self::mysql::{InvalidMysqlUrl, Mysql, MysqlPoolBuilder, MysqlUrl};
pub use self::postgres::{
    AllDatabases, AnotherDatabase, DatabasesError, OWN_DATABASE, PostgresPool, TenantPoolBuilder, UnreachableDatabase,
};
#[cfg(feature = "sqlite")]
pub use self::sqlite::{NotSqliteUrl, Sqlite, SqliteFolder, SqlitePoolBuilder};
pub(crate) use self::{
    postgres::{ListedTenant, PoolDatabases, Reached, Resident, Unreached, connections},
    recycle::Limits,
};
use super::backend::{Backend, Postgres};
