//! A service in Axum, over HTTP.

use std::time::{Duration, Instant};

use axum::{Json, Router, routing::get};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use diesel_tenants::{
    Mysql,
    web::axum::{Rejection, Resolver, SharedConn, TenantConn, TenantLayer},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use crate::{
    store::{Store, create_tenant, set_status},
    tables::{items, users},
};

async fn prices(mut conn: TenantConn<Mysql>) -> Result<Json<Vec<i32>>, Rejection> {
    Ok(Json(items::table.select(items::price).load(conn.get().await?).await?))
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
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
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

async fn answer_of_prices(port: u16, tenant: String) -> (u16, String) {
    answer(port, &format!("/{tenant}/prices")).await
}
