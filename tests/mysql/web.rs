//! A service in Axum, over HTTP.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{Json, Router, routing::get};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use diesel_tenants::{
    CheckoutError, Mysql, context,
    web::axum::{Rejection, Resolver, SharedConn, TenantConn, TenantLayer},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Notify,
};

use crate::{
    directory::General,
    store::{NoMigrations, Store, create_tenant, set_status},
    tables::{items, users},
};

async fn prices(mut conn: TenantConn<Mysql>) -> Result<Json<Vec<i32>>, Rejection> {
    Ok(Json(items::table.select(items::price).load(conn.get().await?).await?))
}

async fn name(mut conn: TenantConn<Mysql>) -> Result<String, Rejection> {
    conn.get().await?;
    Ok(context::current_tenant()
        .map(|tenant| tenant.to_string())
        .unwrap_or_default())
}

async fn names(mut conn: SharedConn<Mysql>) -> Result<Json<Vec<String>>, Rejection> {
    Ok(Json(
        users::table
            .select(users::name)
            .order(users::id)
            .limit(1)
            .load(conn.get().await?)
            .await?,
    ))
}

/// The status and the body of the answer.
async fn answer(port: u16, path: &str) -> (u16, String) {
    answer_at(port, "localhost", path).await
}

async fn answer_at(port: u16, host: &str, path: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_request_is_answered_for_its_tenant() {
    let store = Store::with(|builder| builder.max_size(2)).await;
    let tenants = TenantLayer::new(store.pool.clone(), Resolver::path_segment(0));
    let app = Router::new()
        .route("/{tenant}/prices", get(prices))
        .route("/{tenant}/names", get(names))
        .layer(tenants);
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let service = tokio::spawn(async move { axum::serve(listener, app).await });

    let prices_of = |tenant: &str| answer_of_prices(port, tenant.to_owned());
    assert_eq!(prices_of(&store.first).await, (200, "[5000]".to_owned()));
    assert_eq!(prices_of(&store.second).await, (200, "[1000]".to_owned()));
    assert_eq!(
        answer(port, &format!("/{}/names", store.first)).await,
        (200, "[\"Ada\"]".to_owned())
    );
    for unknown in ["nobody", "mysql", "information_schema", "public"] {
        assert_eq!(prices_of(unknown).await.0, 404, "{unknown}");
    }
    let new = format!("{}new", store.first);
    assert_eq!(prices_of(&new).await.0, 404);
    create_tenant(&new, 7).await;
    assert_eq!(prices_of(&new).await, (200, "[7]".to_owned()));
    set_status(&new, "suspended").await;
    let begun = Instant::now();
    while prices_of(&new).await.0 != 403 {
        assert!(begun.elapsed() < Duration::from_secs(2));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }

    let many = (0..40).map(|number| {
        let (tenant, expected) = match number % 2 {
            0 => (store.first.clone(), "[5000]"),
            _ => (store.second.clone(), "[1000]"),
        };
        tokio::spawn(async move { assert_eq!(answer_of_prices(port, tenant).await, (200, expected.to_owned())) })
    });
    for request in many.collect::<Vec<_>>() {
        request.await.unwrap();
    }
    service.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_does_not_reach_another_tenant_that_gets_its_tenants_name_meanwhile() {
    let store = Store::with(|builder| builder.max_size(2)).await;
    let (begun, goes_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let late = {
        let (pool, begun, goes_on) = (store.pool.clone(), Arc::clone(&begun), Arc::clone(&goes_on));
        move || {
            let (pool, begun, goes_on) = (pool.clone(), Arc::clone(&begun), Arc::clone(&goes_on));
            async move {
                begun.notify_one();
                goes_on.notified().await;
                match pool.current().get().await {
                    Ok(_) => "served".to_owned(),
                    Err(CheckoutError::ChangedTenant { .. }) => "changed".to_owned(),
                    Err(error) => error.to_string(),
                }
            }
        }
    };
    let tenants = TenantLayer::new(store.pool.clone(), Resolver::path_segment(0));
    let app = Router::new().route("/{tenant}/late", get(late)).layer(tenants);
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let service = tokio::spawn(async move { axum::serve(listener, app).await });
    for (is_replaced, expected) in [(false, "served"), (true, "changed")] {
        let path = format!("/{}/late", store.first);
        let request = tokio::spawn(async move { answer(port, &path).await });
        begun.notified().await;
        // That is a change of the registry as well, and the tenant stays the same.
        store.pool.suspend_tenant(&store.first).await.unwrap();
        store.pool.resume_tenant(&store.first).await.unwrap();
        if is_replaced {
            store.pool.drop_tenant(&store.first).await.unwrap();
            create_tenant(&store.first, 7).await;
        }
        goes_on.notify_one();
        assert_eq!(request.await.unwrap(), (200, expected.to_owned()));
    }
    service.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_domain_of_the_directory_leads_a_request_to_its_tenant() {
    let general = General::new(|builder| builder).await;
    let pool = &general.pool;
    for (tenant, domain) in [("one", "one.example.org"), ("two", "xn--bcher-kva.example")] {
        let tenant = general.name(tenant);
        pool.create_tenant(&tenant, NoMigrations).await.unwrap();
        pool.add_domain(&tenant, domain).await.unwrap();
    }
    let app = Router::new()
        .route("/", get(name))
        .layer(TenantLayer::new(pool.clone(), Resolver::domain()));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let service = tokio::spawn(async move { axum::serve(listener, app).await });
    for (host, tenant) in [("One.Example.org:443", "one"), ("xn--bcher-kva.example.", "two")] {
        assert_eq!(answer_at(port, host, "/").await, (200, general.name(tenant)), "{host}");
    }
    assert_eq!(answer_at(port, "other.example.org", "/").await.0, 404);
    pool.suspend_tenant(general.name("one")).await.unwrap();
    assert_eq!(answer_at(port, "one.example.org", "/").await.0, 403);
    pool.remove_domain("xn--bcher-kva.example").await.unwrap();
    assert_eq!(answer_at(port, "xn--bcher-kva.example", "/").await.0, 404);
    service.abort();
}

async fn answer_of_prices(port: u16, tenant: String) -> (u16, String) {
    answer(port, &format!("/{tenant}/prices")).await
}
