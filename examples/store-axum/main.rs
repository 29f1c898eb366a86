//! The store as a service in Axum. See README.md.

#[path = "../store/postgres/database.rs"]
mod database;
#[path = "../store/queries.rs"]
mod queries;
#[path = "../store/schema/mod.rs"]
mod schema;
#[path = "../store/seed.rs"]
mod seed;
#[path = "../store/server.rs"]
mod server;

use axum::{
    Json, Router,
    extract::{Path, State},
    routing::get,
};
use diesel_tenants::{
    TenantPool,
    web::axum::{Rejection, Resolver, TenantConn, TenantLayer},
};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use queries::{Line, User};
use tokio::net::TcpListener;

async fn users(conn: TenantConn) -> Result<Json<Vec<User>>, Rejection> {
    queries::users_of(conn).await.map(Json)
}

async fn orders(conn: TenantConn, Path((_, user)): Path<(String, i64)>) -> Result<Json<Vec<Line>>, Rejection> {
    queries::orders_of(user, conn).await.map(Json)
}

/// The figures of the pool, as Prometheus reads them.
async fn metrics(State((pool, recorder)): State<(TenantPool, PrometheusHandle)>) -> String {
    // Up to the moment: the library tells the recorder every five seconds by itself.
    pool.record_metrics();
    recorder.render()
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let recorder = PrometheusBuilder::new().install_recorder()?;
    let (url, _server) = server::url();
    let pool = database::open(url).await?;
    let app = Router::new()
        .route("/{tenant}/users", get(users))
        .route("/{tenant}/users/{user}/orders", get(orders))
        .layer(TenantLayer::new(pool.clone(), Resolver::path_segment(0)))
        // Behind the layer: it is no tenant's.
        .route("/metrics", get(metrics))
        .with_state((pool, recorder));

    let port = std::env::var("PORT").map_or(Ok(3000), |port| port.parse::<u16>())?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    println!("http://{}/client1/users", listener.local_addr()?);
    let stop = async { drop(tokio::signal::ctrl_c().await) };
    axum::serve(listener, app).with_graceful_shutdown(stop).await?;
    Ok(())
}
