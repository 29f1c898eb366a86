//! The store's data: the same two items, at each tenant's own price.

use diesel::prelude::*;
use diesel_async::{AsyncConnection, RunQueryDsl};

use super::database::{Pool, TENANT_MIGRATIONS};
use crate::schema::{
    shared::users,
    tenant::{items, orders},
};

pub struct Tenant {
    pub name: &'static str,
    users: &'static [(i64, &'static str)],
    items: &'static [(i64, &'static str, i32)],
    /// Order, user, item, quantity.
    orders: &'static [(i64, i64, i64, i32)],
}

pub const TENANTS: [Tenant; 2] = [
    Tenant {
        name: "client1",
        users: &[(1, "Ada"), (2, "Grace")],
        items: &[(1, "Tesla", 5000), (2, "Huawei", 2000)],
        orders: &[(1, 1, 1, 1), (2, 1, 2, 3), (3, 2, 2, 1)],
    },
    Tenant {
        name: "client2",
        users: &[(3, "Linus")],
        items: &[(1, "Tesla", 1000), (2, "Huawei", 100)],
        orders: &[(1, 3, 1, 2), (2, 3, 2, 10)],
    },
];

/// Creates the tenant and its data; what is there already stays.
pub async fn seed(pool: &Pool, tenant: &Tenant) -> anyhow::Result<()> {
    pool.ensure_tenant(tenant.name, TENANT_MIGRATIONS).await?;

    let user = |&(id, name): &(i64, &'static str)| {
        (
            users::id.eq(id),
            users::name.eq(name),
            users::organization_id.eq(tenant.name),
        )
    };
    let item = |&(id, description, price): &(i64, &'static str, i32)| {
        (
            items::id.eq(id),
            items::description.eq(description),
            items::price.eq(price),
        )
    };
    let order = |&(id, user, item, quantity): &(i64, i64, i64, i32)| {
        (
            orders::id.eq(id),
            orders::user_id.eq(user),
            orders::item_id.eq(item),
            orders::quantity.eq(quantity),
        )
    };
    let users: Vec<_> = tenant.users.iter().map(user).collect();
    let items: Vec<_> = tenant.items.iter().map(item).collect();
    let orders: Vec<_> = tenant.orders.iter().map(order).collect();

    let mut conn = pool.for_tenant(tenant.name).get().await?;
    conn.transaction(async |conn| {
        // Row by row: diesel-async can't insert several at once into SQLite.
        for user in users {
            let insert = diesel::insert_into(users::table).values(user);
            insert.on_conflict_do_nothing().execute(conn).await?;
        }
        for item in items {
            let insert = diesel::insert_into(items::table).values(item);
            insert.on_conflict_do_nothing().execute(conn).await?;
        }
        for order in orders {
            let insert = diesel::insert_into(orders::table).values(order);
            insert.on_conflict_do_nothing().execute(conn).await?;
        }
        anyhow::Ok(())
    })
    .await
}
