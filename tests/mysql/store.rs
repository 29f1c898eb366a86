//! Two tenants of one test, on the server that all tests share.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use diesel::{
    connection::BoxableConnection,
    migration::{Migration, MigrationMetadata, MigrationName, MigrationSource, MigrationVersion},
    prelude::*,
    sql_types,
};
use diesel_async::{AsyncConnection, AsyncMysqlConnection, RunQueryDsl, SimpleAsyncConnection};
use diesel_tenants::{Mysql, MysqlPoolBuilder, MysqlUrl, TenantPool};
use diesel_tenants_test_support::MariaDb;
use tokio::sync::OnceCell;

use crate::tables::{TENANT, items};

/// A pool, and the names of its two tenants, whose items have different prices: 5000 and 1000.
pub struct Store {
    pub pool: TenantPool<Mysql>,
    pub first: String,
    pub second: String,
}

impl Store {
    pub async fn new() -> Self {
        Self::with(|builder| builder).await
    }

    pub async fn with(options: impl FnOnce(MysqlPoolBuilder) -> MysqlPoolBuilder) -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Relaxed);
        let (first, second) = (format!("client{number}a"), format!("client{number}b"));
        create_tenant(&first, 5000).await;
        create_tenant(&second, 1000).await;
        let pool = options(TenantPool::builder(url())).build().await.unwrap();
        Self { pool, first, second }
    }
}

/// The server that all tests share.
pub fn url() -> MysqlUrl {
    MariaDb::shared().url().parse().unwrap()
}

/// A connection to that server, without a pool.
pub async fn connection() -> AsyncMysqlConnection {
    AsyncMysqlConnection::establish(&MariaDb::shared().url()).await.unwrap()
}

/// No migrations: the tests' tables are made by SQL.
pub struct NoMigrations;

impl MigrationSource<diesel::mysql::Mysql> for NoMigrations {
    fn migrations(&self) -> diesel::migration::Result<Vec<Box<dyn Migration<diesel::mysql::Mysql>>>> {
        Ok(Vec::new())
    }
}

/// One migration of this SQL.
#[derive(Debug, Clone, Copy)]
pub struct Sql(pub &'static str);

impl MigrationSource<diesel::mysql::Mysql> for Sql {
    fn migrations(&self) -> diesel::migration::Result<Vec<Box<dyn Migration<diesel::mysql::Mysql>>>> {
        Ok(vec![Box::new(*self)])
    }
}

impl Migration<diesel::mysql::Mysql> for Sql {
    fn run(&self, connection: &mut dyn BoxableConnection<diesel::mysql::Mysql>) -> diesel::migration::Result<()> {
        Ok(connection.batch_execute(self.0)?)
    }

    fn revert(&self, _: &mut dyn BoxableConnection<diesel::mysql::Mysql>) -> diesel::migration::Result<()> {
        Err("not reverted by any test".into())
    }

    fn metadata(&self) -> &dyn MigrationMetadata {
        self
    }

    fn name(&self) -> &dyn MigrationName {
        self
    }
}

impl MigrationMetadata for Sql {}

impl MigrationName for Sql {
    fn version(&self) -> MigrationVersion<'_> {
        MigrationVersion::from("1")
    }
}

impl std::fmt::Display for Sql {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("1")
    }
}

/// Makes the shared database, and gives a pool for the tests' own needs.
async fn shared() -> TenantPool<Mysql> {
    static SHARED: OnceCell<()> = OnceCell::const_new();
    let pool = TenantPool::builder(url()).max_size(1).build().await.unwrap();
    let create = async || {
        pool.migrate_shared(NoMigrations).await.unwrap();
        let sql = "CREATE TABLE public.users (id BIGINT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(100) NOT NULL);
            INSERT INTO public.users (name) VALUES ('Ada'), ('Bob')";
        connection().await.batch_execute(sql).await.unwrap();
    };
    SHARED.get_or_init(create).await;
    pool
}

/// A tenant's database, with one item of this price.
pub async fn create_tenant(name: &str, price: i32) {
    let quoted = format!("`{}`", name.replace('`', "``"));
    shared().await.create_tenant(name, NoMigrations).await.unwrap();
    let sql = format!(
        "USE {quoted}; {TENANT};
        INSERT INTO items (description, price) VALUES ('Tesla', {price})"
    );
    connection().await.batch_execute(&sql).await.unwrap();
}

/// Gives a tenant this status.
pub async fn set_status(name: &str, status: &str) {
    diesel::sql_query("REPLACE INTO public.__diesel_tenants (name, status) VALUES (?, ?)")
        .bind::<sql_types::Text, _>(name)
        .bind::<sql_types::Text, _>(status)
        .execute(&mut connection().await)
        .await
        .unwrap();
    let bump = "UPDATE public.__diesel_tenants_version SET version = version + 1";
    connection().await.batch_execute(bump).await.unwrap();
}

/// The prices of a tenant's items.
pub async fn prices(pool: &TenantPool<Mysql>, tenant: &str) -> Vec<i32> {
    let mut conn = pool.for_tenant(tenant).get().await.unwrap();
    items::table
        .select(items::price)
        .order(items::id)
        .load(&mut conn)
        .await
        .unwrap()
}
