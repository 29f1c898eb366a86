//! Requests of a tenant, in the three frameworks, by each resolver.

use actix_web::{App, test, web};
use axum::{Router, body::Body, routing};
use diesel_tenants::{
    testing::web::{TenantRequests, send},
    web::{actix, axum as on_axum, rocket as on_rocket},
};
use rocket::{get, http::Method, local::asynchronous::Client, routes};

use crate::store::Store;

fn all() -> [TenantRequests; 3] {
    [
        TenantRequests::by_subdomain("example.com"),
        TenantRequests::by_header("X-Tenant"),
        TenantRequests::by_path_segment(),
    ]
}

/// Each resolver, in the order of [`all`].
macro_rules! resolvers {
    ($resolver:ty) => {
        [
            <$resolver>::subdomain("example.com").unwrap(),
            <$resolver>::header("X-Tenant"),
            <$resolver>::path_segment(0),
        ]
    };
}

#[tokio::test]
async fn axum() {
    async fn name(tenant: on_axum::Tenant) -> String {
        tenant.to_string()
    }

    let store = Store::new().await;
    for (requests, resolver) in all().iter().zip(resolvers!(on_axum::Resolver)) {
        let routes = Router::new()
            .route("/name", routing::get(name))
            .route("/{tenant}/name", routing::get(name));
        let app = routes.layer(on_axum::TenantLayer::new(store.pool.clone(), resolver));
        for (tenant, answer, status) in [("tenant_b", "tenant_b", 200), ("tenant_x", "unknown_tenant", 404)] {
            let request = requests.axum(tenant, "/name").body(Body::empty()).unwrap();
            let response = send(app.clone(), request).await;
            assert_eq!(response.status(), status);
            assert!(
                String::from_utf8_lossy(response.body()).contains(answer),
                "{response:?}"
            );
        }
    }
}

#[tokio::test]
async fn actix_web() {
    async fn name(tenant: actix::Tenant) -> String {
        tenant.to_string()
    }

    let store = Store::new().await;
    for (requests, resolver) in all().iter().zip(resolvers!(actix::Resolver)) {
        let tenants = actix::TenantMiddleware::new(store.pool.clone(), resolver);
        let routes = App::new()
            .route("/name", web::get().to(name))
            .route("/{tenant}/name", web::get().to(name));
        let app = test::init_service(routes.wrap(tenants)).await;
        let answer = test::call_and_read_body(&app, requests.actix("tenant_b", "/name").to_request()).await;
        assert_eq!(answer, "tenant_b");
    }
}

#[get("/name")]
fn name(tenant: on_rocket::Tenant) -> String {
    tenant.to_string()
}

#[get("/<_>/name")]
fn name_in_path(tenant: on_rocket::Tenant) -> String {
    tenant.to_string()
}

#[tokio::test]
async fn rocket() {
    let store = Store::new().await;
    for (requests, resolver) in all().iter().zip(resolvers!(on_rocket::Resolver)) {
        let config = rocket::Config {
            log_level: rocket::config::LogLevel::Off,
            ..rocket::Config::debug_default()
        };
        let fairing = on_rocket::TenantFairing::new(store.pool.clone(), resolver);
        let app = rocket::custom(config)
            .attach(fairing)
            .mount("/", routes![name, name_in_path]);
        let client = Client::tracked(app).await.unwrap();
        let response = requests
            .rocket(&client, Method::Get, "tenant_b", "/name")
            .dispatch()
            .await;
        assert_eq!(response.into_string().await.as_deref(), Some("tenant_b"));
    }
}
