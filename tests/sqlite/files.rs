//! A folder with a shared file and the files of two tenants.

use std::{path::PathBuf, time::Duration};

use diesel::{Connection, SqliteConnection, connection::SimpleConnection};
use diesel_async::{AsyncConnection, SimpleAsyncConnection, sync_connection_wrapper::SyncConnectionWrapper};
use diesel_tenants::{
    SchemaTranslateMap, TenantConnection,
    sqlite::{Access, AsyncSqliteConnection},
};
use tempfile::TempDir;

use super::tables::{SHARED, TENANT};

pub struct Files {
    folder: TempDir,
}

impl Files {
    /// `public` with a user, `client1` and `client2` with an item that costs 1 and 2, and an order of it.
    pub fn new() -> Self {
        let files = Self {
            folder: TempDir::new().unwrap(),
        };
        files.create("public", SHARED, "INSERT INTO users VALUES (1, 'Ada')");
        for (tenant, price) in [("client1", 1), ("client2", 2)] {
            let rows = format!(
                "INSERT INTO items VALUES (1, 'item of {tenant}', {price}); INSERT INTO orders VALUES (1, 1, 1, {price}0)"
            );
            files.create(tenant, TENANT, &rows);
        }
        files
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(format!("{name}.db"))
    }

    fn create(&self, name: &str, tables: &str, rows: &str) {
        let mut connection = self.plain(name);
        connection.batch_execute("PRAGMA journal_mode = WAL").unwrap();
        connection.batch_execute(tables).unwrap();
        connection.batch_execute(rows).unwrap();
    }

    /// A connection to one file, without translation.
    pub fn plain(&self, name: &str) -> SqliteConnection {
        SqliteConnection::establish(self.path(name).to_str().unwrap()).unwrap()
    }

    /// A connection of diesel-async that has these files attached.
    pub async fn attached(&self, names: &[&str]) -> SyncConnectionWrapper<SqliteConnection> {
        let mut connection = SyncConnectionWrapper::establish(":memory:").await.unwrap();
        for name in names {
            let attach = format!("ATTACH 'file:{}?mode=rw' AS \"{name}\"", self.path(name).display());
            connection.batch_execute(&attach).await.unwrap();
        }
        connection
    }

    /// A translating connection of `client1`, which has `client2` attached as well.
    pub async fn client1(&self) -> TenantConnection<SyncConnectionWrapper<SqliteConnection>> {
        let connection = self.attached(&["public", "client2", "client1"]).await;
        TenantConnection::new(connection, SchemaTranslateMap::tenant("client1".parse().unwrap()))
    }
}

/// How long a statement waits for a lock.
pub const BUSY: Duration = Duration::from_secs(20);

impl Files {
    /// A connection of this library with these files attached.
    pub async fn open(&self, names: &[&str]) -> AsyncSqliteConnection {
        let mut connection = AsyncSqliteConnection::open(BUSY).await.unwrap();
        for name in names {
            let (schema, path) = (name.parse().unwrap(), self.path(name));
            connection.attach(&schema, &path, Access::ReadWrite).await.unwrap();
        }
        connection
    }

    /// A connection such as a checkout of the tenant gets.
    pub async fn tenant(&self, tenant: &str) -> TenantConnection<AsyncSqliteConnection> {
        let mut connection = self.open(&["public", tenant]).await;
        connection.set_writes_to(Some(tenant.parse().unwrap()));
        TenantConnection::new(connection, SchemaTranslateMap::tenant(tenant.parse().unwrap()))
    }
}

/// A number that changes when another connection has changed the file of this one.
pub fn data_version(connection: &mut SqliteConnection) -> i32 {
    #[derive(diesel::QueryableByName)]
    struct Version {
        #[diesel(sql_type = diesel::sql_types::Integer)]
        data_version: i32,
    }

    let version = diesel::RunQueryDsl::get_result(diesel::sql_query("PRAGMA data_version"), connection);
    version.map(|Version { data_version }| data_version).unwrap()
}

/// Whether another connection holds the lock for writing to the file of this one.
pub fn is_locked(connection: &mut SqliteConnection) -> bool {
    connection.batch_execute("BEGIN IMMEDIATE; ROLLBACK").is_err()
}
