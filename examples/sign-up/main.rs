//! Who signs up gets a tenant, and its subdomain, at once. See README.md.

#[path = "../store/postgres/database.rs"]
mod database;
#[path = "../store/schema/mod.rs"]
mod schema;
#[path = "../store/seed.rs"]
mod seed;
#[path = "../store/server.rs"]
mod server;

use axum::{
    Json, Router,
    extract::State,
    http::StatusCode,
    routing::{get, post},
};
use database::TENANT_MIGRATIONS;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use diesel_tenants::{
    LifecycleError, TenantPool,
    web::axum::{Rejection, Resolver, Tenant, TenantConn, TenantLayer},
};
use schema::tenant::items;
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;

#[derive(Deserialize)]
struct SignUp {
    name: String,
}

/// Creates a tenant, of a name that can be a subdomain's.
async fn sign_up(
    State(pool): State<TenantPool>,
    tenant: Option<Tenant>,
    Json(SignUp { name }): Json<SignUp>,
) -> Result<(StatusCode, String), Rejection> {
    if tenant.is_some() {
        return Err(Rejection::custom(404, "no_sign_up", "sign up at localhost itself"));
    }
    let is_allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    if !(3..=30).contains(&name.len()) || !name.bytes().all(is_allowed) || name == "www" {
        let message = "a name is 3 to 30 lower-case letters and digits";
        return Err(Rejection::custom(400, "bad_name", message));
    }
    match pool.create_tenant(&name, TENANT_MIGRATIONS).await {
        Ok(_) => Ok((StatusCode::CREATED, format!("{name}.localhost is yours"))),
        Err(LifecycleError::AlreadyExists { .. }) => Err(Rejection::custom(409, "taken", "this name is taken")),
        Err(error) => {
            eprintln!("{:#}", anyhow::Error::new(error));
            Err(Rejection::custom(500, "internal", "something went wrong on our side"))
        }
    }
}

#[derive(Serialize, Deserialize, Queryable, Insertable)]
struct Item {
    id: i64,
    description: String,
    price: i32,
}

async fn list(mut conn: TenantConn) -> Result<Json<Vec<Item>>, Rejection> {
    Ok(Json(items::table.order(items::id).load(conn.get().await?).await?))
}

async fn add(mut conn: TenantConn, Json(item): Json<Item>) -> Result<StatusCode, Rejection> {
    let insert = diesel::insert_into(items::table).values(item);
    insert.execute(conn.get().await?).await?;
    Ok(StatusCode::CREATED)
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let (url, _server) = server::url();
    let pool = database::open(url).await?;
    // Sign-ups take one of these, and have only to rename it.
    pool.prepare_spares(2, TENANT_MIGRATIONS).await?;

    let app = Router::new()
        .route("/tenants", post(sign_up))
        .route("/items", get(list).post(add))
        .layer(TenantLayer::new(
            pool.clone(),
            Resolver::subdomain_except("localhost", ["www"])?,
        ))
        .with_state(pool);
    let port = std::env::var("PORT").map_or(Ok(3000), |port| port.parse::<u16>())?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    println!("http://localhost:{}/tenants", listener.local_addr()?.port());
    let stop = async { drop(tokio::signal::ctrl_c().await) };
    axum::serve(listener, app).with_graceful_shutdown(stop).await?;
    Ok(())
}
