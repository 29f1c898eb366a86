//! `TestTenants` on a real MariaDB.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use diesel_tenants::{
    CheckoutError, Mysql, MysqlUrl, TenantPool,
    diesel_migrations::{self, EmbeddedMigrations, embed_migrations},
    testing::TestTenants,
};
use diesel_tenants_test_support::{MariaDb, chain};

diesel::table! { users (id) { id -> BigInt, name -> Text } }

const TENANT_MIGRATIONS: EmbeddedMigrations = embed_migrations!("examples/users/tenant_migrations");

async fn add(pool: &TenantPool<Mysql>, tenant: &str, name: &str) {
    let mut conn = pool.for_tenant(tenant).get().await.unwrap();
    let values = users::name.eq(name);
    diesel::insert_into(users::table)
        .values(values)
        .execute(&mut conn)
        .await
        .unwrap();
}

async fn names(pool: &TenantPool<Mysql>, tenant: &str) -> Vec<String> {
    let mut conn = pool.for_tenant(tenant).get().await.unwrap();
    users::table.select(users::name).load(&mut conn).await.unwrap()
}

/// The names of the tenants are always the same, so it needs a server of its own.
#[tokio::test]
async fn tenants_are_made_with_their_tables_and_kept_when_more_are_asked_for() {
    let server = MariaDb::start().unwrap_or_else(|error| panic!("{}", chain(&error)));
    let url: MysqlUrl = server.url().parse().unwrap();
    let pool = TenantPool::builder(url).build().await.unwrap();
    let [a, b] = TestTenants::two(&pool, TENANT_MIGRATIONS).await.unwrap();
    assert_eq!([a.as_str(), b.as_str()], ["tenant_a", "tenant_b"]);
    add(&pool, "tenant_a", "Ada").await;
    add(&pool, "tenant_b", "Grace").await;
    assert_eq!(names(&pool, "tenant_a").await, ["Ada"]);
    assert_eq!(names(&pool, "tenant_b").await, ["Grace"]);
    let missing = pool.for_tenant("tenant_c").get().await.unwrap_err();
    assert!(matches!(missing, CheckoutError::UnknownTenant { .. }), "{missing}");

    let [_, _, c] = TestTenants::make(&pool, TENANT_MIGRATIONS).await.unwrap();
    assert_eq!(c.as_str(), "tenant_c");
    assert_eq!(names(&pool, "tenant_a").await, ["Ada"]);
    assert!(names(&pool, "tenant_c").await.is_empty());
}
