//! A checkout never takes longer than its limit, and says what took the time.

use std::time::{Duration, Instant};

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use diesel_tenants::{Checkout, CheckoutError, Recycling, TenantPool, TenantPoolBuilder};
use diesel_tenants_test_support::{Server, chain};
use futures_util::future::join_all;

use crate::{proxy::Proxy, schema::items, store::Store};

/// A pool with so many idle connections.
async fn idle(count: usize, options: TenantPoolBuilder) -> TenantPool {
    let pool = options.max_size(count).build().await.expect("the test's server is up");
    let checkouts = join_all((0..count).map(|_| pool.for_tenant("client1").get())).await;
    assert!(checkouts.iter().all(Result::is_ok));
    drop(checkouts);
    assert_eq!(pool.status().available, count);
    pool
}

#[tokio::test]
async fn half_open_connections_are_found_together_and_not_one_after_the_other() {
    let (store, proxy) = (Store::new().await, Proxy::start().await);
    let options = TenantPool::builder(proxy.url(&store.database))
        .recycling(Recycling::Verified)
        .recycle_timeout(Duration::from_secs(2));
    let pool = idle(15, options).await;
    proxy.silence_old();
    let began = Instant::now();
    let mut conn = pool.for_tenant("client1").get().await.unwrap();
    // One after the other they would take 30.
    assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
    assert_eq!(items::table.count().get_result::<i64>(&mut conn).await, Ok(2));
}

#[tokio::test]
async fn a_checkout_takes_no_longer_than_its_limit_when_no_server_answers() {
    let (store, proxy) = (Store::new().await, Proxy::start().await);
    let options = TenantPool::builder(proxy.url(&store.database))
        .recycling(Recycling::Verified)
        .recycle_timeout(Duration::from_secs(30))
        .connect_timeout(Duration::from_secs(30))
        .wait_timeout(Duration::from_secs(2));
    let pool = idle(3, options).await;
    proxy.silence_all();
    let began = Instant::now();
    let error = pool.for_tenant("client1").get().await.unwrap_err();
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    assert!(matches!(error, CheckoutError::ConnectionTimeout { .. }), "{error:?}");
    assert_eq!(
        error.to_string(),
        "no connection for tenant \"client1\" within 2s: the server did not answer while a connection was tested or opened"
    );
}

#[tokio::test]
async fn looking_up_a_schema_is_part_of_the_limit() {
    let (store, proxy) = (Store::new().await, Proxy::start().await);
    let options = TenantPool::builder(proxy.url(&store.database))
        .recycling(Recycling::Fast)
        .schema_cache(10, Duration::ZERO)
        .recycle_timeout(Duration::from_secs(30))
        .wait_timeout(Duration::from_secs(2));
    let pool = idle(1, options).await;
    proxy.silence_all();
    let began = Instant::now();
    let error = pool.for_tenant("client1").get().await.unwrap_err();
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    assert!(
        error
            .to_string()
            .starts_with("can't look up the schema of tenant \"client1\""),
        "{error}"
    );
}

#[tokio::test]
async fn waiting_for_others_is_told_apart() {
    let store = Store::with(|builder| builder.max_size(1).wait_timeout(Duration::from_secs(1))).await;
    let held = store.pool.for_tenant("client1").get().await.unwrap();
    let error = store.pool.for_tenant("client2").get().await.unwrap_err();
    assert!(
        matches!(error, CheckoutError::Exhausted { max_size: 1, .. }),
        "{error:?}"
    );
    drop(held);
}

/// A pool that may have more connections than its role.
async fn with_room_for_two(store: &Store, options: impl FnOnce(TenantPoolBuilder) -> TenantPoolBuilder) -> TenantPool {
    let role = format!("narrow_{}", store.database.name());
    store.database.run(&format!(
        "CREATE ROLE {role} LOGIN PASSWORD 'x' CONNECTION LIMIT 2;
         GRANT USAGE ON SCHEMA client1, client2 TO {role};
         GRANT SELECT ON ALL TABLES IN SCHEMA client1, client2 TO {role}"
    ));
    let (_, host) = store.database.url().rsplit_once('@').expect("a server");
    let builder = options(TenantPool::builder(format!("postgres://{role}:x@{host}")).max_size(8));
    builder.build().await.expect("the test's server is up")
}

#[tokio::test]
async fn a_server_with_less_room_than_the_pool_serves_all_in_turn() {
    let store = Store::new().await;
    let pool = with_room_for_two(&store, |builder| builder).await;
    let all = (0..40).map(|number| {
        let pool = pool.clone();
        tokio::spawn(async move {
            let tenant = if number % 2 == 0 { "client1" } else { "client2" };
            let mut conn = pool.for_tenant(tenant).get().await.map_err(|error| chain(&error))?;
            diesel::sql_query("SELECT pg_sleep(0.02)")
                .execute(&mut conn)
                .await
                .expect("the test's server is up");
            Ok::<_, String>(())
        })
    });
    for served in join_all(all).await {
        assert_eq!(served.expect("no panic"), Ok(()));
    }
}

#[tokio::test]
async fn a_server_without_room_is_the_reason_when_the_limit_is_over() {
    let server = Server::builder().start().unwrap();
    let store = Store::on(&server, |builder| builder).await;
    let pool = with_room_for_two(&store, |builder| builder.wait_timeout(Duration::from_secs(2))).await;
    let held: Vec<Checkout> = [
        pool.for_tenant("client1").get().await,
        pool.for_tenant("client2").get().await,
    ]
    .into_iter()
    .collect::<Result<_, _>>()
    .unwrap();
    let began = Instant::now();
    let error = pool.for_tenant("client1").get().await.unwrap_err();
    assert!(began.elapsed() > Duration::from_secs(1), "{:?}", began.elapsed());
    assert!(
        chain(&error).contains("too many connections for role"),
        "{}",
        chain(&error)
    );
    // A server without room is not asked all the time.
    let log = server.log();
    let asked = log.matches("too many connections for role").count();
    assert!((2..50).contains(&asked), "{asked} times: {log}");
    drop(held);
    assert!(pool.for_tenant("client1").get().await.is_ok());
}
