//! The users of each tenant, which has a database of its own on MySQL or MariaDB. See README.md.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    routing::{get, put},
};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use diesel_tenants::{
    Mysql, MysqlUrl, TenantPool,
    web::axum::{Rejection, Resolver, TenantConn, TenantLayer},
};
use diesel_tenants_test_support::MariaDb;
use tokio::net::TcpListener;

const TENANT_MIGRATIONS: EmbeddedMigrations = embed_migrations!("examples/users/tenant_migrations");

diesel::table! { users (id) { id -> BigInt, name -> Text } }

/// The users of the request's tenant.
async fn list(mut conn: TenantConn<Mysql>) -> Result<Json<Vec<String>>, Rejection> {
    let names = users::table.select(users::name).order(users::name);
    Ok(Json(names.load(conn.get().await?).await?))
}

/// Adds a tenant with these users.
async fn add(
    State(pool): State<Arc<TenantPool<Mysql>>>,
    Path(tenant): Path<String>,
    Json(names): Json<Vec<String>>,
) -> Result<StatusCode, (StatusCode, String)> {
    let refused = |error: anyhow::Error| (StatusCode::BAD_REQUEST, format!("{error:#}"));
    ensure(&pool, &tenant, &names).await.map_err(refused)?;
    Ok(StatusCode::CREATED)
}

/// Creates a tenant, unless it exists already.
async fn ensure(pool: &TenantPool<Mysql>, tenant: &str, names: &[String]) -> anyhow::Result<()> {
    pool.ensure_tenant(tenant, TENANT_MIGRATIONS).await?;
    let rows: Vec<_> = names.iter().map(|name| users::name.eq(name)).collect();
    let mut conn = pool.for_tenant(tenant).get().await?;
    diesel::insert_or_ignore_into(users::table)
        .values(&rows)
        .execute(&mut conn)
        .await?;
    Ok(())
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let (url, _server) = match std::env::var("DATABASE_URL") {
        Ok(url) if !url.is_empty() => (url, None),
        _ => {
            let server = MariaDb::start()?;
            (server.url(), Some(server))
        }
    };
    // The database `general` lists the tenants.
    let url: MysqlUrl = url.parse()?;
    let pool = TenantPool::builder(url)
        .shared_schema("general")
        .max_size(8)
        .build()
        .await?;
    for (tenant, names) in [("TenantA", ["userA", "userB"]), ("TenantB", ["userA", "userC"])] {
        ensure(&pool, tenant, &names.map(str::to_owned)).await?;
    }

    let app = Router::new()
        .route("/{tenant}/users", get(list))
        .layer(TenantLayer::new(pool.clone(), Resolver::path_segment(0)))
        // Whoever can send a request can add tenants: a real service would ask who it is.
        .route("/tenants/{tenant}", put(add).with_state(Arc::new(pool)));
    let port = std::env::var("PORT").map_or(Ok(3000), |port| port.parse::<u16>())?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    println!("http://{}/TenantA/users", listener.local_addr()?);
    let stop = async { drop(tokio::signal::ctrl_c().await) };
    axum::serve(listener, app).with_graceful_shutdown(stop).await?;
    Ok(())
}
