//! One pool, several runtimes.

use diesel::{dsl::sql, sql_types::BigInt};
use diesel_async::RunQueryDsl;
use diesel_tenants::{Mysql, TenantPool};
use tokio::runtime::{Builder, Runtime};

use crate::store::url;

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

async fn session(pool: &TenantPool<Mysql>) -> i64 {
    let mut conn = pool.shared().get().await.unwrap();
    let id = diesel::select(sql::<BigInt>("CONNECTION_ID()"));
    id.get_result(&mut conn).await.unwrap()
}

#[test]
fn the_connection_that_checked_the_server_is_not_handed_to_another_runtime() {
    let home = runtime();
    let build = async || TenantPool::builder(url()).max_size(1).build().await.unwrap();
    let pool = home.block_on(build());
    let other = runtime();
    let opened = other.block_on(session(&pool));
    drop(home);
    assert_eq!(other.block_on(session(&pool)), opened, "it lives on");
}
