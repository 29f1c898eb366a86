//! The first test of `docs/testing.md`.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use diesel_tenants::{
    TenantPool,
    diesel_migrations::{self, EmbeddedMigrations, embed_migrations},
    testing::{TestTemplate, TestTenants, isolation},
};

const SHARED_MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations");
const TENANT_MIGRATIONS: EmbeddedMigrations = embed_migrations!("tenant_migrations");

diesel::table! { items (id) { id -> BigInt, description -> Text, price -> Integer } }

// Prepared when the first test asks for a database, and copied for each test.
static STORE: TestTemplate = TestTemplate::new(|url| {
    Box::pin(async move {
        let pool = TenantPool::builder(url).build().await?;
        pool.migrate_shared(SHARED_MIGRATIONS).await?;
        TestTenants::two(&pool, TENANT_MIGRATIONS).await?; // tenant_a and tenant_b
        Ok(())
    })
});

// A part of your application.
async fn add_item(pool: &TenantPool, tenant: &str, description: &str) -> anyhow::Result<i64> {
    let mut conn = pool.for_tenant(tenant).get().await?;
    let described = items::description.eq(description);
    let row = (items::id.eq(1), described, items::price.eq(100));
    diesel::insert_into(items::table).values(row).execute(&mut conn).await?;
    Ok(items::table.count().get_result(&mut conn).await?)
}

#[tokio::test]
async fn an_item_is_seen_by_its_tenant_alone() -> anyhow::Result<()> {
    let database = STORE.database().await?; // this test's own; dropped at the end
    let pool = TenantPool::builder(database.url()).build().await?;
    add_item(&pool, "tenant_b", "a car").await?;

    // Runs the work as tenant_a, and asks the server what it did.
    let report = isolation::audit(&pool, "tenant_a")
        .run(async || add_item(&pool, "tenant_a", "a telephone").await)
        .await?;
    assert_eq!(report.assert_isolated()?, 1);
    Ok(())
}
