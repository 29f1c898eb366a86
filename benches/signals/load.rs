//! The hot path: a checkout and a query of two tables.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use diesel_tenants::{Recycling, TenantPool};

use crate::shop::{orders, users};

pub const TENANTS: usize = 20;

pub struct Load {
    pub pool: TenantPool,
    tenants: Vec<String>,
}

impl Load {
    pub async fn new(url: &str) -> Self {
        let builder = TenantPool::builder(url).max_size(1).recycling(Recycling::Fast);
        Self {
            pool: builder.build().await.expect("the server is up"),
            tenants: (0..TENANTS).map(|tenant| format!("tenant{tenant}")).collect(),
        }
    }

    pub async fn run(&self, checkouts: usize) {
        for checkout in 0..checkouts {
            let tenant = checkout % TENANTS;
            let request = self.pool.for_tenant(&self.tenants[tenant]);
            let mut conn = request.get().await.expect("a checkout");
            let row: (String, i32) = query(1).get_result(&mut conn).await.expect("a row");
            assert_eq!((row.0.as_str(), row.1 as usize), ("Ada", tenant));
        }
    }
}

#[diesel::dsl::auto_type]
fn query(id: i32) -> _ {
    users::table
        .inner_join(orders::table)
        .filter(orders::id.eq(id))
        .select((users::name, orders::quantity))
}
