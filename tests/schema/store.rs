//! The store of the example, whose files are those in `examples/store/schema`.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use crate::setting::{assert_is, empty, migrations};

#[path = "../../examples/store/schema/mod.rs"]
mod schema;

use schema::{
    shared::users,
    tenant::{items, orders},
};

#[tokio::test]
async fn the_stores_migrations_give_the_examples_files() {
    let (pool, _database) = empty().await;
    let schema = pool
        .rust_schema()
        .from_migrations(migrations("migrations"), migrations("tenant_migrations"))
        .await
        .unwrap();
    assert_is(&schema, "examples/store/schema");
    assert_eq!(schema.warnings(), []);
}

#[tokio::test]
async fn a_join_of_shared_and_tenants_tables_runs_for_two_tenants() {
    let (pool, _database) = empty().await;
    pool.migrate_shared(migrations("migrations")).await.unwrap();
    let mut conn = pool.shared().get().await.unwrap();
    diesel::insert_into(users::table)
        .values((
            users::id.eq(1),
            users::name.eq("Ada"),
            users::organization_id.eq("client1"),
        ))
        .execute(&mut conn)
        .await
        .unwrap();
    drop(conn);
    for (tenant, price) in [("client1", 5000), ("client2", 1000)] {
        pool.create_tenant(tenant, migrations("tenant_migrations"))
            .await
            .unwrap();
        let mut conn = pool.for_tenant(tenant).get().await.unwrap();
        diesel::insert_into(items::table)
            .values((items::id.eq(1), items::description.eq("Tesla"), items::price.eq(price)))
            .execute(&mut conn)
            .await
            .unwrap();
        diesel::insert_into(orders::table)
            .values((
                orders::id.eq(1),
                orders::user_id.eq(1),
                orders::item_id.eq(1),
                orders::quantity.eq(2),
            ))
            .execute(&mut conn)
            .await
            .unwrap();
    }
    for (tenant, price) in [("client1", 5000), ("client2", 1000)] {
        let mut conn = pool.for_tenant(tenant).get().await.unwrap();
        let lines: Vec<(String, String, i32)> = users::table
            .inner_join(orders::table.inner_join(items::table))
            .select((users::name, items::description, items::price))
            .load(&mut conn)
            .await
            .unwrap();
        assert_eq!(lines, [("Ada".to_owned(), "Tesla".to_owned(), price)]);
    }
}
