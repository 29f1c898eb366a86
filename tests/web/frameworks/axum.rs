use std::{
    convert::Infallible,
    future::{Ready, ready},
    net::SocketAddr,
    pin::pin,
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::{Body, to_bytes},
    extract::{ConnectInfo, FromRequestParts, Request, connect_info::MockConnectInfo},
    http::{Extensions, StatusCode},
};
use diesel::{dsl::sql, sql_types::Integer};
use diesel_async::RunQueryDsl;
use diesel_tenants::{
    BoxFuture, TenantPool,
    directory::DirectoryTables,
    migrations::NoMigrations,
    web::axum::{Resolver, Tenant, TenantConn, TenantLayer, TrustedProxies},
};
use tokio::sync::mpsc;
use tower_layer::Layer;
use tower_service::Service;

use crate::{
    handlers::{bill, sleep, write},
    store::Store,
};

fn request(host: &str) -> Request {
    let request = Request::builder().uri("/").header("Host", host);
    request.body(Body::empty()).unwrap()
}

/// A service that answers by a function, with a response of a type of its own, as layers that compress have.
#[derive(Clone)]
struct Answer<F>(F);

impl<F, R> Service<Request> for Answer<F>
where
    F: Fn(Request) -> R,
    R: Future + Send + 'static,
{
    type Response = R::Output;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<R::Output, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        // At once, and not only when its future is polled: other layers do so too.
        let answer = (self.0)(request);
        Box::pin(async { Ok(answer.await) })
    }
}

/// By what is known when it is called.
fn echo(request: Request) -> Ready<String> {
    let current = diesel_tenants::context::current_tenant();
    ready(format!(
        "{} {:?}",
        request.uri(),
        current.map(|tenant| tenant.to_string())
    ))
}

#[tokio::test]
async fn services_inside_of_the_layer_have_responses_of_any_type_and_are_called_as_the_tenants() {
    let store = Store::new().await;
    let resolver = Resolver::subdomain("shop.example").unwrap();
    let mut service = TenantLayer::new(store.pool.clone(), resolver).layer(Answer(echo));
    let response = service.call(request("client1.shop.example")).await.unwrap();
    assert_eq!(response.extensions().get::<Tenant>().unwrap().as_str(), "client1");
    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    assert_eq!(body, "/ Some(\"client1\")");
}

#[tokio::test]
async fn a_mock_of_the_clients_address_counts_as_one() {
    let store = Store::new().await;
    let proxies = TrustedProxies::new(["10.0.0.0/8"]).unwrap();
    let resolver = Resolver::subdomain("shop.example").unwrap();
    let mut service = TenantLayer::new(store.pool.clone(), resolver)
        .trusted_proxies(proxies)
        .layer(Answer(echo));
    let mut believed = async |insert: &dyn Fn(&mut Extensions)| {
        let mut request = request("proxy.internal");
        let host = "client2.shop.example".parse().unwrap();
        request.headers_mut().insert("X-Forwarded-Host", host);
        insert(request.extensions_mut());
        let response = service.call(request).await.unwrap();
        response.extensions().get::<Tenant>().is_some()
    };
    for (address, is_trusted) in [([10, 0, 0, 1], true), ([192, 0, 2, 1], false)] {
        let address = SocketAddr::from((address, 80));
        let real = |extensions: &mut Extensions| _ = extensions.insert(ConnectInfo(address));
        let mock = |extensions: &mut Extensions| _ = extensions.insert(MockConnectInfo(address));
        assert_eq!(believed(&real).await, is_trusted, "{address}");
        assert_eq!(believed(&mock).await, is_trusted, "{address}");
    }
}

/// Writes, and then waits for ever, while something that outlives the request has a `TenantConn` of it.
async fn hold(held: mpsc::UnboundedSender<TenantConn>, request: Request) -> String {
    let (mut parts, _) = request.into_parts();
    let used = TenantConn::from_request_parts(&mut parts, &()).await.unwrap();
    bill(used, 1).await.unwrap();
    held.send(TenantConn::from_request_parts(&mut parts, &()).await.unwrap())
        .unwrap();
    std::future::pending().await
}

#[tokio::test]
async fn a_client_that_hangs_up_leaves_no_transaction_even_where_its_context_lives_on() {
    let store = Store::with(|builder| builder.max_size(1).wait_timeout(Duration::from_secs(5))).await;
    let resolver = Resolver::subdomain("shop.example").unwrap();
    let (sender, mut held) = mpsc::unbounded_channel();
    let mut service = TenantLayer::new(store.pool.clone(), resolver)
        .transactions()
        .layer(Answer(move |request| hold(sender.clone(), request)));
    let mut held = {
        let mut call = pin!(service.call(request("client1.shop.example")));
        tokio::select! {
            _ = &mut call => unreachable!("it waits for ever"),
            held = held.recv() => held.unwrap(),
        }
    };
    let other = store.pool.for_tenant("client2").get().await;
    assert!(other.is_ok(), "the pool's only connection is free: {other:?}");
    drop(other);
    let late = held.get().await.unwrap_err();
    assert!(
        matches!(late, diesel_tenants::web::Rejection::TransactionInUse),
        "{late:?}"
    );
}

/// Writes, loses what it wrote in another way for each path, and answers all the same.
async fn lose(request: Request) -> StatusCode {
    let (mut parts, _) = request.into_parts();
    let path = parts.uri.path().to_owned();
    let mut conn = TenantConn::from_request_parts(&mut parts, &()).await.unwrap();
    write(&mut conn).await.unwrap();
    if path == "/panic" {
        let task = tokio::spawn(async move {
            let _conn = conn;
            panic!("a task's");
        });
        assert!(task.await.is_err());
        return StatusCode::OK;
    }
    let seconds = if path == "/another" { 1 } else { 30 };
    let given_up = tokio::time::timeout(Duration::from_millis(50), sleep(conn, seconds)).await;
    assert!(given_up.is_err());
    if path == "/another" {
        let another = TenantConn::from_request_parts(&mut parts, &()).await.unwrap();
        bill(another, 1).await.unwrap();
    }
    if path == "/late" {
        StatusCode::GATEWAY_TIMEOUT
    } else {
        StatusCode::OK
    }
}

#[tokio::test]
async fn a_transaction_of_which_a_query_was_given_up_or_a_task_panicked_is_not_committed_nor_waited_for() {
    let store = Store::with(|builder| builder.max_size(1)).await;
    let resolver = Resolver::subdomain("shop.example").unwrap();
    let mut service = TenantLayer::new(store.pool.clone(), resolver)
        .transactions()
        .layer(Answer(lose));
    for (path, status) in [("/", 500), ("/another", 500), ("/late", 504), ("/panic", 500)] {
        let mut request = request("client1.shop.example");
        *request.uri_mut() = path.parse().unwrap();
        let response = tokio::time::timeout(Duration::from_secs(10), service.call(request)).await;
        assert_eq!(response.unwrap().unwrap().status(), status, "{path}");
        assert_eq!(
            store.value("SELECT count(*) FROM client1.items WHERE id = 77"),
            "0",
            "{path}"
        );
    }
}

/// Writes, and reads the first of many rows.
async fn first(request: Request) -> String {
    let (mut parts, _) = request.into_parts();
    let mut conn = TenantConn::from_request_parts(&mut parts, &()).await.unwrap();
    write(&mut conn).await.unwrap();
    let many = sql::<Integer>("generate_series(1, 100000)");
    let first: i32 = diesel::select(many)
        .get_result(conn.get().await.unwrap())
        .await
        .unwrap();
    first.to_string()
}

#[tokio::test]
async fn a_transaction_is_committed_also_if_only_the_first_row_of_a_query_was_wanted() {
    let store = Store::new().await;
    let resolver = Resolver::subdomain("shop.example").unwrap();
    let mut service = TenantLayer::new(store.pool.clone(), resolver)
        .transactions()
        .layer(Answer(first));
    let response = service.call(request("client1.shop.example")).await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(store.value("SELECT count(*) FROM client1.items WHERE id = 77"), "1");
}

/// Hands its connection on before it was used.
async fn hand_on(to: mpsc::UnboundedSender<TenantConn>, request: Request) -> String {
    let (mut parts, _) = request.into_parts();
    to.send(TenantConn::from_request_parts(&mut parts, &()).await.unwrap())
        .unwrap();
    String::new()
}

/// The connection of a request that was admitted, not used until now.
async fn admitted(pool: &TenantPool) -> TenantConn {
    let (sender, mut handed_on) = mpsc::unbounded_channel();
    let resolver = Resolver::subdomain("shop.example").unwrap();
    let mut service =
        TenantLayer::new(pool.clone(), resolver).layer(Answer(move |request| hand_on(sender.clone(), request)));
    // The second time the tenant is remembered.
    for _ in 0..2 {
        service.call(request("client8.shop.example")).await.unwrap();
    }
    handed_on.recv().await.unwrap();
    handed_on.recv().await.unwrap()
}

#[tokio::test]
async fn what_happened_to_a_tenant_since_its_request_was_admitted_counts_when_its_connection_is_used() {
    let remembered_for = Duration::from_secs(1);
    let store = Store::with(|builder| builder.schema_cache(100, remembered_for)).await;
    counts_when_its_connection_is_used(&store.pool).await;

    // By somebody who tells nobody.
    store.pool.create_tenant("client8", NoMigrations).await.unwrap();
    let conn = admitted(&store.pool).await;
    store.database.run("DROP SCHEMA client8 CASCADE");
    tokio::time::sleep(remembered_for).await;
    assert_eq!(sleep(conn, 0).await.unwrap_err().code(), "unknown_tenant");

    // A database with a directory, to which only a pool with that directory tells what it does.
    let builder = TenantPool::builder(store.database.url()).directory(DirectoryTables::new());
    let with_directory = builder.build().await.unwrap();
    with_directory.prepare_directory().await.unwrap();
    counts_when_its_connection_is_used(&with_directory).await;
}

async fn counts_when_its_connection_is_used(pool: &TenantPool) {
    pool.create_tenant("client8", NoMigrations).await.unwrap();
    sleep(admitted(pool).await, 0).await.unwrap();

    let conn = admitted(pool).await;
    pool.suspend_tenant("client8").await.unwrap();
    assert_eq!(sleep(conn, 0).await.unwrap_err().code(), "suspended_tenant");
    pool.resume_tenant("client8").await.unwrap();

    let conn = admitted(pool).await;
    pool.drop_tenant("client8").await.unwrap();
    assert_eq!(sleep(conn, 0).await.unwrap_err().code(), "unknown_tenant");
}
