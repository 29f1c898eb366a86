use diesel::prelude::*;
use diesel_async::{
    AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection,
    pooled_connection::{AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod, deadpool::Pool},
};
use diesel_tenants::{
    Recycling, TenantPool,
    web::{Rejection, TenantConn},
};

use crate::shop::{orders, users};

pub type Row = (String, i32);

/// What one would write without this crate: the same tables and the same query again, for each tenant.
macro_rules! by_hand {
    ($($tenant:ident)*) => {
        $(mod $tenant {
            diesel::table! {
                $tenant.orders (id) { id -> Integer, user_id -> Integer, quantity -> Integer }
            }
            diesel::joinable!(orders -> super::users (user_id));
            use super::users;
            diesel::allow_tables_to_appear_in_same_query!(users, orders);
        })*

        pub const TENANTS: usize = [$(stringify!($tenant)),*].len();

        async fn typed(conn: &mut AsyncPgConnection, tenant: &str) -> QueryResult<Row> {
            match tenant {
                $(stringify!($tenant) => {
                    users::table
                        .inner_join($tenant::orders::table)
                        .filter($tenant::orders::id.eq(1))
                        .select((users::name, $tenant::orders::quantity))
                        .get_result(conn)
                        .await
                })*
                _ => Err(diesel::result::Error::NotFound),
            }
        }
    };
}

by_hand! {
    tenant0 tenant1 tenant2 tenant3 tenant4 tenant5 tenant6 tenant7 tenant8 tenant9
}

#[derive(Clone)]
pub struct Pools {
    pub ours: TenantPool,
    by_hand: Pool<AsyncPgConnection>,
    search_path: Pool<AsyncPgConnection>,
}

impl Pools {
    pub async fn new(url: &str) -> Self {
        let ours = TenantPool::builder(url).max_size(4).recycling(Recycling::Fast);
        let plain = || {
            let mut config = ManagerConfig::default();
            config.recycling_method = RecyclingMethod::Fast;
            let manager = AsyncDieselConnectionManager::new_with_config(url, config);
            Pool::builder(manager).max_size(4).build().expect("a pool")
        };
        Self {
            ours: ours.build().await.expect("the server is up"),
            by_hand: plain(),
            search_path: plain(),
        }
    }

    pub async fn by_hand(&self, host: Option<&str>) -> Row {
        let mut conn = self.by_hand.get().await.expect("a connection");
        typed(&mut conn, tenant_of(host)).await.expect("a row")
    }

    pub async fn search_path(&self, host: Option<&str>) -> Row {
        let mut conn = self.search_path.get().await.expect("a connection");
        let path = format!("SET search_path = \"{}\", public", tenant_of(host));
        conn.batch_execute(&path).await.expect("a path");
        query().get_result(&mut conn).await.expect("a row")
    }
}

pub async fn ours(mut conn: TenantConn) -> Result<Row, Rejection> {
    Ok(query().get_result(conn.get().await?).await?)
}

#[diesel::dsl::auto_type]
fn query() -> _ {
    users::table
        .inner_join(orders::table)
        .filter(orders::id.eq(1_i32))
        .select((users::name, orders::quantity))
}

fn tenant_of(host: Option<&str>) -> &str {
    host.and_then(|host| host.strip_suffix(".shop.example"))
        .expect("a tenant's host")
}
