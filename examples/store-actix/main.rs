//! The store as a service in Actix Web. See README.md.

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

use actix_web::{
    App, HttpServer, get,
    web::{Json, Path},
};
use diesel_tenants::web::actix::{Rejection, Resolver, TenantConn, TenantMiddleware};
use queries::{Line, User};

#[get("/{tenant}/users")]
async fn users(conn: TenantConn) -> Result<Json<Vec<User>>, Rejection> {
    queries::users_of(conn).await.map(Json)
}

#[get("/{tenant}/users/{user}/orders")]
async fn orders(conn: TenantConn, path: Path<(String, i64)>) -> Result<Json<Vec<Line>>, Rejection> {
    queries::orders_of(path.1, conn).await.map(Json)
}

#[actix_web::main]
async fn main() -> anyhow::Result<()> {
    let (url, _server) = server::url();
    let pool = database::open(url).await?;
    let tenants = TenantMiddleware::new(pool, Resolver::path_segment(0));

    let port = std::env::var("PORT").map_or(Ok(8080), |port| port.parse::<u16>())?;
    let server = HttpServer::new(move || App::new().wrap(tenants.clone()).service(users).service(orders))
        .h1_allow_half_closed(false) // clients that hang up end their queries
        .bind(("127.0.0.1", port))?;
    println!("http://{}/client1/users", server.addrs()[0]);
    server.run().await?;
    Ok(())
}
