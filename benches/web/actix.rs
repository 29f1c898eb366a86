use std::{net::SocketAddr, sync::mpsc, thread};

use actix_web::{
    App, HttpRequest, HttpServer, get,
    rt::System,
    web::{Data, Json, get as to_get, resource},
};
use diesel_tenants::web::actix::{Rejection, Resolver, TenantConn, TenantMiddleware};

use crate::queries::{self, Pools, Row};

pub fn start(url: String) -> [SocketAddr; 3] {
    let (listening, address) = mpsc::channel();
    thread::spawn(move || {
        System::new().block_on(async {
            let pools = Pools::new(&url).await;
            let resolver = Resolver::subdomain("shop.example").expect("a domain");
            let tenants = TenantMiddleware::new(pools.ours.clone(), resolver);
            let app = move || {
                App::new()
                    .app_data(Data::new(pools.clone()))
                    .service(resource("/ours").wrap(tenants.clone()).route(to_get().to(ours)))
                    .service(by_hand)
                    .service(search_path)
            };
            let server = HttpServer::new(app).workers(1).disable_signals();
            let server = server.bind("127.0.0.1:0").expect("a port");
            listening.send(server.addrs()[0]).expect("somebody waits");
            server.run().await.expect("it serves");
        });
    });
    [address.recv().expect("it listens"); 3]
}

async fn ours(conn: TenantConn) -> Result<Json<Row>, Rejection> {
    queries::ours(conn).await.map(Json)
}

#[get("/by-hand")]
async fn by_hand(pools: Data<Pools>, request: HttpRequest) -> Json<Row> {
    let host = request.headers().get("host").and_then(|host| host.to_str().ok());
    Json(pools.by_hand(host).await)
}

#[get("/search-path")]
async fn search_path(pools: Data<Pools>, request: HttpRequest) -> Json<Row> {
    let host = request.headers().get("host").and_then(|host| host.to_str().ok());
    Json(pools.search_path(host).await)
}
