//! Where the building of a pool begins: with a URL, or a folder.

use super::TenantPool;

/// # Building a pool
impl TenantPool {
    /// Starts a pool for a database.
    ///
    /// A text is the URL of a PostgreSQL database: `postgres://user:password@host:5432/database`, or any other form
    /// that [`tokio_postgres::Config`] reads. With the feature `sqlite`, a `SqliteFolder` is a folder with a file for
    /// each tenant, and the pool is a `TenantPool<Sqlite>`. With the feature `mysql`, a `MysqlUrl` is a server with a
    /// database for each tenant, and the pool is a `TenantPool<Mysql>`.
    pub fn builder<D: Database>(database: D) -> D::Builder {
        database.into_builder()
    }
}

/// What a pool can be built for; see [`TenantPool::builder`].
pub trait Database {
    /// The options of the pool.
    type Builder;

    /// Starts a pool.
    fn into_builder(self) -> Self::Builder;
}
