use std::{
    fmt::Write,
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use diesel_tenants::Recycling;
use tokio::runtime::Handle;

use crate::{
    handlers::{Find, Service},
    http::{get_at, request, send},
    servers::Serve,
    store::Store,
};

const SLEEPING: &str = "SELECT count(*) FROM pg_stat_activity
    WHERE state = 'active' AND datname = current_database() AND query LIKE '%pg_sleep(%' AND pid <> pg_backend_pid()";

async fn wait_for(store: &Store, sql: &str, value: &str) {
    let started = Instant::now();
    while store.value(sql) != value {
        assert!(started.elapsed() < Duration::from_secs(20), "never {value}: {sql}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

pub async fn clients_that_hang_up<S: Serve>() {
    for transactions in [false, true] {
        let store = Store::with(|builder| builder.max_size(1).recycling(Recycling::Fast)).await;
        let mut service = Service::new(&store.pool, Find::Subdomain);
        service.transactions = transactions;
        let server = S::start(service).await;
        for _ in 0..3 {
            // Where the handler runs on, it must end in the test's time.
            let path = if S::CANCELS { "/sleep/60" } else { "/sleep/1" };
            let stream = send(*server, &request("GET", path, &[("Host", "client1.shop.example")])).await;
            wait_for(&store, SLEEPING, "1").await;
            drop(stream);
            // Nothing runs on the server any more, and the pool's only connection serves another tenant.
            wait_for(&store, SLEEPING, "0").await;
            let answer = get_at(*server, "client2.shop.example", "/orders/1").await;
            assert_eq!(answer.json()[0][1], "client2 Tesla");
        }
        assert_eq!(store.pool.status().size, 1);
    }
}

/// Fifty tenants more, each with an item of its own.
fn add_tenants(store: &Store) {
    let mut sql = String::new();
    for tenant in 0..50 {
        write!(
            sql,
            "CREATE SCHEMA t{tenant};
             CREATE TABLE t{tenant}.items (LIKE client1.items INCLUDING ALL);
             CREATE TABLE t{tenant}.orders (LIKE client1.orders INCLUDING ALL);
             INSERT INTO t{tenant}.items VALUES (1, 't{tenant} Tesla', {tenant});
             INSERT INTO t{tenant}.orders VALUES ({tenant}, 1, 1, 1), (1000 + {tenant}, 2, 1, 1);"
        )
        .unwrap();
    }
    store.database.run(&sql);
}

pub async fn many_tenants_on_few_connections<S: Serve>() {
    let store = Store::with(|builder| builder.max_size(8).wait_timeout(Duration::from_secs(60))).await;
    add_tenants(&store);
    let server = S::start(Service::new(&store.pool, Find::Subdomain)).await;
    let address = *server;
    let requests = (0..200).map(|number| {
        tokio::spawn(async move {
            let tenant = number * 7 % 50;
            let answer = get_at(address, &format!("t{tenant}.shop.example"), "/orders/1").await;
            assert_eq!(answer.status, 200, "{answer:?}");
            assert_eq!(
                answer.json(),
                serde_json::json!([["Ada", format!("t{tenant} Tesla"), tenant]])
            );
        })
    });
    for request in requests.collect::<Vec<_>>() {
        request.await.unwrap();
    }
    assert!(store.pool.status().size <= 8);
}

/// All at once, with and without transactions, which keep the first connection to the end of the request.
pub async fn two_connections_for_each_request<S: Serve>() {
    for (max_size, transactions) in [(8, false), (8, true), (2, false)] {
        let store = Store::with(|builder| builder.max_size(max_size).wait_timeout(Duration::from_secs(60))).await;
        let mut service = Service::new(&store.pool, Find::Subdomain);
        service.transactions = transactions;
        let server = S::start(service).await;
        let address = *server;
        let requests: Vec<_> = (0..32)
            .map(|number| {
                tokio::spawn(async move {
                    let tenant = if number % 2 == 0 { "client1" } else { "client2" };
                    let answer = get_at(address, &format!("{tenant}.shop.example"), "/two").await;
                    assert_eq!((answer.status, answer.body), (200, format!("{tenant} Tesla, 2 users")));
                })
            })
            .collect();
        for request in requests {
            request.await.unwrap();
        }
        assert!(store.pool.status().size <= max_size);
    }
}

pub async fn shutdown_under_load<S: Serve>() {
    let store = Store::with(|builder| {
        let builder = builder.max_size(8).wait_timeout(Duration::from_secs(60));
        // Actix's workers have runtimes of their own, which don't end together.
        builder.runtime(Handle::current())
    })
    .await;
    let service = Service::new(&store.pool, Find::Subdomain);
    let server = S::start(service.clone()).await;
    let address = *server;
    let requests: Vec<_> = (0..40)
        .map(|number| {
            tokio::spawn(async move {
                let tenant = if number % 2 == 0 { "client1" } else { "client2" };
                let answer = get_at(address, &format!("{tenant}.shop.example"), "/slow").await;
                assert_eq!((answer.status, answer.body), (200, format!("{tenant} Tesla")));
            })
        })
        .collect();
    let started = Instant::now();
    while service.begun.load(Ordering::SeqCst) < 40 {
        assert!(started.elapsed() < Duration::from_secs(20), "not all requests arrived");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert!(!requests.iter().all(|request| request.is_finished()));
    server.shut_down().await;
    for request in requests {
        request.await.unwrap();
    }
}
