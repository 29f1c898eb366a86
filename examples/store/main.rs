//! A store for two tenants: users are shared, items and orders are each tenant's own.
//!
//! `cargo run --example store` starts a throw-away PostgreSQL; with `DATABASE_URL` set it uses that database.

mod database;
mod schema;
mod seed;

use comfy_table::{CellAlignment, Table, presets::UTF8_FULL_CONDENSED};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use diesel_tenants::TenantPool;
use schema::{
    shared::users,
    tenant::{items, orders},
};

/// One line of a bill.
#[derive(Queryable)]
struct Line {
    user: String,
    description: String,
    price: i32,
    quantity: i32,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let (url, _server) = database::url();
    let pool = database::open(url).await?;
    for tenant in &seed::TENANTS {
        println!("{}\n{}\n", tenant.name, as_table(&bill(&pool, tenant.name).await?));
    }
    Ok(())
}

/// What each of a tenant's users ordered, at the tenant's prices: one join of a shared table and two of the tenant's.
async fn bill(pool: &TenantPool, tenant: &str) -> anyhow::Result<Vec<Line>> {
    let mut conn = pool.for_tenant(tenant).get().await?;
    let lines = users::table
        .inner_join(orders::table.inner_join(items::table))
        .select((users::name, items::description, items::price, orders::quantity))
        .order((users::name, orders::id))
        .load(&mut conn)
        .await?;
    Ok(lines)
}

fn as_table(lines: &[Line]) -> Table {
    let mut table = Table::new();
    table
        .load_style(UTF8_FULL_CONDENSED)
        .set_header(["User", "Item", "Unit price", "Quantity", "Total"]);
    for Line {
        user,
        description,
        price,
        quantity,
    } in lines
    {
        let total = i64::from(*price) * i64::from(*quantity);
        table.add_row([
            user.clone(),
            description.clone(),
            price.to_string(),
            quantity.to_string(),
            total.to_string(),
        ]);
    }
    for column in table.column_iter_mut().skip(2) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}
