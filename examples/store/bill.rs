//! What each of a tenant's users ordered, at the tenant's prices.

use comfy_table::{CellAlignment, Table, presets::UTF8_FULL_CONDENSED};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::{database::Pool, seed::TENANTS};
use crate::schema::{
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

/// Prints the bill of each tenant.
pub async fn print_all(pool: &Pool) -> anyhow::Result<()> {
    for tenant in &TENANTS {
        println!("{}\n{}\n", tenant.name, as_table(&bill(pool, tenant.name).await?));
    }
    Ok(())
}

/// One join of a shared table and two of the tenant's.
async fn bill(pool: &Pool, tenant: &str) -> anyhow::Result<Vec<Line>> {
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
