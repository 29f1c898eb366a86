//! The same products for everybody, or a tenant's own, by a header. See README.md.

use axum::{Json, Router, routing::get};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use diesel_tenants::{
    TenantPool,
    web::axum::{Rejection, Resolver, SharedConn, TenantConn, TenantLayer},
};
use diesel_tenants_test_support::Server;
use tokio::net::TcpListener;

const SHARED_MIGRATIONS: EmbeddedMigrations = embed_migrations!("examples/products/migrations");
const TENANT_MIGRATIONS: EmbeddedMigrations = embed_migrations!("examples/products/tenant_migrations");

diesel::table! { products (id) { id -> Integer, name -> Text } }

mod shared {
    diesel::table! { public.products (id) { id -> Integer, name -> Text } }
}

/// The tenant's products, or without a tenant those that all share.
async fn list(tenant: Option<TenantConn>, mut shared: SharedConn) -> Result<Json<Vec<String>>, Rejection> {
    Ok(Json(match tenant {
        Some(mut conn) => products::table.select(products::name).load(conn.get().await?).await?,
        None => {
            let names = shared::products::table.select(shared::products::name);
            names.load(shared.get().await?).await?
        }
    }))
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let (url, _server) = match std::env::var("DATABASE_URL") {
        Ok(url) if !url.is_empty() => (url, None),
        _ => {
            let server = Server::start();
            (server.url_for("postgres"), Some(server))
        }
    };
    let pool = TenantPool::builder(url).max_size(8).build().await?;
    pool.migrate_shared(SHARED_MIGRATIONS).await?;
    pool.ensure_tenant("edgy", TENANT_MIGRATIONS).await?;

    let app = Router::new()
        .route("/products", get(list))
        // Whoever can send a request can set this header: in front of a real service, a gateway would.
        .layer(TenantLayer::new(pool, Resolver::header("X-Tenant")));
    let port = std::env::var("PORT").map_or(Ok(3000), |port| port.parse::<u16>())?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    println!("http://{}/products", listener.local_addr()?);
    let stop = async { drop(tokio::signal::ctrl_c().await) };
    axum::serve(listener, app).with_graceful_shutdown(stop).await?;
    Ok(())
}
