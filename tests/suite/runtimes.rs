//! One pool, several runtimes.

use std::thread;

use diesel::{dsl::sql, sql_types::Integer};
use diesel_async::RunQueryDsl;
use diesel_tenants::TenantPool;
use tokio::runtime::{Builder, Handle, Runtime};

use crate::store::Store;

async fn process(pool: &TenantPool) -> i32 {
    let mut conn = pool.for_tenant("client1").get().await.unwrap();
    diesel::select(sql::<Integer>("pg_backend_pid()"))
        .get_result(&mut conn)
        .await
        .unwrap()
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// What a future yields in a runtime that is no more when this returns.
async fn elsewhere<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> T {
    let thread = thread::spawn(|| runtime().block_on(future));
    tokio::task::spawn_blocking(|| thread.join().unwrap()).await.unwrap()
}

#[tokio::test]
async fn connections_of_a_pool_with_a_runtime_survive_those_that_asked_for_them() {
    let store = Store::with(|builder| builder.max_size(2).runtime(Handle::current())).await;
    let held = store.pool.for_tenant("client2").get().await.unwrap();
    let pool = store.pool.clone();
    let opened = elsewhere(async move { process(&pool).await }).await;
    assert_eq!(process(&store.pool).await, opened, "it lives on");
    drop(held);
}

#[test]
fn a_pool_outlives_its_runtime() {
    let home = runtime();
    let store = home.block_on(async { Store::with(|builder| builder.max_size(1).runtime(Handle::current())).await });
    let first = home.block_on(process(&store.pool));
    drop(home);
    let other = runtime();
    let second = other.block_on(process(&store.pool));
    assert_ne!(first, second, "that one has ended");
    assert_eq!(other.block_on(process(&store.pool)), second);
}

#[test]
fn the_connection_that_proved_the_options_is_not_handed_to_another_runtime() {
    let home = runtime();
    let store = home.block_on(Store::on_one_connection());
    let other = runtime();
    let opened = other.block_on(process(&store.pool));
    drop(home);
    assert_eq!(other.block_on(process(&store.pool)), opened);
}
