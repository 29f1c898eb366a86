//! Tenants that were there before the directory.

use diesel_tenants::{
    CheckoutError, LifecycleError, Placement, TenantPool, directory::DirectoryTables, migrations::NoMigrations,
};

use super::Shards;

fn here(name: &str) -> Placement {
    Placement::schema(name.parse().unwrap())
}

#[tokio::test]
async fn a_schema_that_was_there_before_the_directory_is_adopted_as_it_is() {
    let shards = Shards::new().await;
    let before = TenantPool::builder(shards.main.url()).directory_tables_if_found();
    // Without the tables there is no directory yet.
    shards.main.run("ALTER TABLE tenants RENAME TO kept");
    let before = before.build().await.unwrap();
    for tenant in ["old", "asleep"] {
        before.create_tenant(tenant, NoMigrations).await.unwrap();
    }
    before.suspend_tenant("asleep").await.unwrap();
    shards.main.run("ALTER TABLE kept RENAME TO tenants");
    let unlisted = shards.pool.for_tenant("old").get().await;
    assert!(matches!(unlisted, Err(CheckoutError::UnknownTenant { .. })));

    for tenant in ["old", "asleep"] {
        shards.pool.adopt_tenant(tenant, here(tenant)).await.unwrap();
    }
    shards.pool.for_tenant("old").get().await.unwrap();
    let suspended = shards.pool.for_tenant("asleep").get().await;
    assert!(matches!(suspended, Err(CheckoutError::SuspendedTenant { .. })));
    let again = shards.pool.adopt_tenant("old", here("old")).await;
    assert!(matches!(again, Err(LifecycleError::AlreadyExists { .. })));
    let nobody = shards.pool.adopt_tenant("nobody", here("nobody")).await;
    assert!(matches!(nobody, Err(LifecycleError::NotFound { .. })));
}

#[tokio::test]
async fn a_schema_of_a_shard_is_adopted_under_any_name_and_belongs_to_the_directory_from_then_on() {
    let shards = Shards::new().await;
    let alone = TenantPool::builder(shards.one.url()).build().await.unwrap();
    alone.create_tenant("their_name", NoMigrations).await.unwrap();
    let place = here("their_name").in_database("one");
    shards.pool.adopt_tenant("our_name", place.clone()).await.unwrap();
    shards.pool.for_tenant("our_name").get().await.unwrap();
    assert_eq!(shards.pool.placement_of("our_name").await.unwrap(), Some(place.clone()));
    let refused = alone.rename_tenant("their_name", "other").await;
    assert!(matches!(refused, Err(LifecycleError::OthersDirectory { .. })));
    // No place has two tenants.
    let twice = shards.pool.adopt_tenant("third_name", place).await;
    assert!(twice.is_err());
    let without = TenantPool::builder(shards.two.url())
        .directory(DirectoryTables::new())
        .build()
        .await
        .unwrap();
    assert!(without.adopt_tenant("x", here("x")).await.is_err());
}
