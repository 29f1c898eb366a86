//! Three tenants with rows.

use std::{error::Error, time::Duration};

use diesel_tenants::{
    TenantPool,
    diesel_migrations::{self, EmbeddedMigrations, embed_migrations},
    testing::{Database, TestTemplate, TestTenants},
};
use tokio_postgres::{Client, NoTls};

const SHARED_MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations");
const TENANT_MIGRATIONS: EmbeddedMigrations = embed_migrations!("tenant_migrations");

diesel::table! { public.users (id) { id -> BigInt, name -> Text } }
diesel::table! { items (id) { id -> BigInt, description -> Text, price -> Integer } }
diesel::table! { orders (id) { id -> BigInt, user_id -> BigInt, item_id -> BigInt, quantity -> Integer } }
diesel::allow_tables_to_appear_in_same_query!(users, items, orders);

static TEMPLATE: TestTemplate = TestTemplate::new(|url| {
    Box::pin(async move {
        let pool = TenantPool::builder(&url).build().await?;
        pool.migrate_shared(SHARED_MIGRATIONS).await?;
        let tenants = TestTenants::make::<_, 3>(&pool, TENANT_MIGRATIONS).await?;
        let client = connect(&url).await?;
        client
            .batch_execute("INSERT INTO public.users VALUES (1, 'Ada', 'tenant_a'), (2, 'Grace', 'tenant_b')")
            .await?;
        for tenant in tenants {
            let rows = format!(
                "INSERT INTO {tenant}.items SELECT n, '{tenant} item', n FROM generate_series(1, 20) AS n;
                 INSERT INTO {tenant}.orders VALUES (1, 1, 1, 1), (2, 2, 2, 2);
                 CREATE SEQUENCE {tenant}.numbers;
                 CREATE TABLE {tenant}.empty (id int PRIMARY KEY);
                 CREATE FUNCTION {tenant}.nothing() RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN 1; END'"
            );
            client.batch_execute(&rows).await?;
        }
        Ok(())
    })
});

/// A database of a test's own, and a pool for it.
pub struct Store {
    pub pool: TenantPool,
    pub database: Database,
}

impl Store {
    pub async fn new() -> Self {
        let database = TEMPLATE.database().await.expect("a database");
        // A busy machine takes its time.
        let patience = Duration::from_secs(60);
        let builder = TenantPool::builder(database.url()).max_size(4);
        let builder = builder.wait_timeout(patience).connect_timeout(patience);
        let pool = builder.build().await.expect("a pool");
        Self { pool, database }
    }

    /// A connection that the pool knows nothing of.
    pub async fn raw(&self) -> Client {
        connect(self.database.url()).await.expect("a connection")
    }
}

pub async fn connect(url: &str) -> Result<Client, Box<dyn Error + Send + Sync>> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}
