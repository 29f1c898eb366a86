use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use diesel_tenants::{CheckoutError, MigrationError, TenantPool, TenantStatus};
use diesel_tenants_test_support::{Database, Server};

use crate::migrations::items_only;

const SHARED: EmbeddedMigrations = embed_migrations!("migrations");

async fn pool() -> (TenantPool, Database) {
    let database = Server::shared().database();
    let pool = TenantPool::builder(database.url())
        .extension_schemas(["extensions"])
        .build()
        .await
        .unwrap();
    pool.migrate_shared(SHARED).await.unwrap();
    (pool, database)
}

#[tokio::test]
async fn tenants_are_the_schemas_with_migrations_of_their_own() {
    let (pool, database) = pool().await;
    for tenant in ["b", "a \"quoted\" one", "B"] {
        pool.create_tenant(tenant, items_only()).await.unwrap();
    }
    database.run(
        "CREATE SCHEMA extensions; CREATE TABLE extensions.__diesel_schema_migrations (); CREATE SCHEMA other; \
         CREATE TABLE other.orders (id int)",
    );
    let tenants = pool.tenants().await.unwrap();
    let names: Vec<&str> = tenants.iter().map(|tenant| tenant.name.as_str()).collect();
    assert_eq!(names, ["B", "a \"quoted\" one", "b"]);
    assert!(tenants.iter().all(|tenant| tenant.status == TenantStatus::Active));
}

#[tokio::test]
async fn what_is_no_tenant_yet_or_any_more_is_listed_apart_and_never_handed_out_or_migrated() {
    let (pool, database) = pool().await;
    for tenant in ["a", "b", "c"] {
        pool.create_tenant(tenant, items_only()).await.unwrap();
    }
    database.run(
        "COMMENT ON TABLE a.__diesel_schema_migrations IS 'diesel-tenants: creation unfinished'; \
         COMMENT ON TABLE b.__diesel_schema_migrations IS 'diesel-tenants: of a version to come'; \
         COMMENT ON TABLE c.__diesel_schema_migrations IS 'a comment of its own'",
    );
    let names = |tenants: Vec<diesel_tenants::TenantInfo>| -> Vec<String> {
        tenants
            .into_iter()
            .map(|tenant| tenant.name.as_str().to_owned())
            .collect()
    };
    assert_eq!(names(pool.tenants().await.unwrap()), ["c"]);
    assert_eq!(names(pool.all_tenants().await.unwrap()), ["a", "b", "c"]);
    let fresh = TenantPool::builder(database.url()).build().await.unwrap();
    for tenant in ["a", "b"] {
        let error = fresh.for_tenant(tenant).get().await.unwrap_err();
        assert!(matches!(error, CheckoutError::UnknownTenant { .. }), "{error:?}");
        let error = fresh.migrate_tenant(tenant, items_only()).await.unwrap_err();
        assert!(matches!(error, MigrationError::UnknownSchema { .. }), "{error:?}");
    }
    fresh.for_tenant("c").get().await.unwrap();
}
