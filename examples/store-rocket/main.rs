//! The store as a service in Rocket. See README.md.

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

use diesel_tenants::web::rocket::{Rejection, Resolver, TenantConn, TenantFairing, in_tenant};
use queries::{Line, User};
use rocket::{fairing::AdHoc, get, routes, serde::json::Json};

#[get("/<_>/users")]
async fn users(conn: TenantConn) -> Result<Json<Vec<User>>, Rejection> {
    queries::users_of(conn).await.map(Json)
}

#[get("/<_>/users/<user>/orders")]
async fn orders(user: i64, conn: TenantConn) -> Result<Json<Vec<Line>>, Rejection> {
    queries::orders_of(user, conn).await.map(Json)
}

#[rocket::main]
async fn main() -> anyhow::Result<()> {
    let (url, _server) = server::url();
    let pool = database::open(url).await?;

    let port = std::env::var("PORT").map_or(Ok(8000), |port| port.parse::<u16>())?;
    let config = rocket::Config::figment()
        .merge(("port", port))
        .merge(("log_level", "off"));
    rocket::custom(config)
        .attach(TenantFairing::new(pool, Resolver::path_segment(0)))
        .attach(AdHoc::on_liftoff("say where", |rocket| {
            Box::pin(async { println!("http://127.0.0.1:{}/client1/users", rocket.config().port) })
        }))
        .mount("/", in_tenant(routes![users, orders]))
        .launch()
        .await?;
    Ok(())
}
