//! The queries of the store's services, the same in each framework.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use diesel_tenants::web::{Rejection, TenantConn};
use serde::Serialize;

use crate::schema::{
    shared::users,
    tenant::{items, orders},
};

#[derive(Queryable, Serialize)]
pub struct User {
    id: i64,
    name: String,
}

/// One line of a bill.
#[derive(Serialize)]
pub struct Line {
    user: String,
    item: String,
    unit_price: i32,
    quantity: i32,
    total: i64,
}

/// The users of the tenant, in a table that all tenants share.
pub async fn users_of(mut conn: TenantConn) -> Result<Vec<User>, Rejection> {
    let organization = conn.tenant().to_string();
    let users = users::table
        .filter(users::organization_id.eq(organization))
        .select((users::id, users::name))
        .order(users::id)
        .load(conn.get().await?)
        .await?;
    Ok(users)
}

/// What a user of the tenant ordered, at the tenant's prices: one join of the shared table and two of the tenant's.
pub async fn orders_of(user: i64, mut conn: TenantConn) -> Result<Vec<Line>, Rejection> {
    let organization = conn.tenant().to_string();
    let lines = users::table
        .inner_join(orders::table.inner_join(items::table))
        .filter(users::id.eq(user).and(users::organization_id.eq(organization)))
        .select((users::name, items::description, items::price, orders::quantity))
        .order(orders::id)
        .load(conn.get().await?)
        .await?;
    let line = |(user, item, unit_price, quantity)| Line {
        user,
        item,
        unit_price,
        quantity,
        total: i64::from(unit_price) * i64::from(quantity),
    };
    Ok(lines.into_iter().map(line).collect())
}
