use std::{
    convert::Infallible,
    net::{Ipv4Addr, SocketAddr},
    sync::{Mutex, mpsc},
    thread,
};

use diesel_tenants::web::rocket::{Rejection, Resolver, TenantConn, TenantFairing, in_tenant};
use rocket::{
    Build, Config, Request, Rocket, State, async_trait,
    config::LogLevel,
    fairing::AdHoc,
    get,
    request::{FromRequest, Outcome},
    routes,
    serde::json::Json,
};
use tokio::runtime;

use crate::queries::{self, Pools, Row};

/// A server for each contender, as a fairing is there for all routes of its own: one server for two of them would be
/// warmer than the other.
pub fn start(url: String) -> [SocketAddr; 3] {
    let ours = start_one(url.clone(), |rocket, pools| {
        let resolver = Resolver::subdomain("shop.example").expect("a domain");
        let tenants = TenantFairing::new(pools.ours, resolver);
        rocket.attach(tenants).mount("/", in_tenant(routes![ours]))
    });
    let by_hand = start_one(url.clone(), |rocket, pools| {
        rocket.manage(pools).mount("/", routes![by_hand])
    });
    let search_path = start_one(url, |rocket, pools| {
        rocket.manage(pools).mount("/", routes![search_path])
    });
    [ours, by_hand, search_path]
}

fn start_one(url: String, with: fn(Rocket<Build>, Pools) -> Rocket<Build>) -> SocketAddr {
    let (listening, port) = mpsc::channel();
    let listening = Mutex::new(listening);
    thread::spawn(move || {
        let runtime = runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(async {
            let config = Config {
                port: 0,
                address: Ipv4Addr::LOCALHOST.into(),
                log_level: LogLevel::Off,
                ..Config::release_default()
            };
            let rocket = rocket::custom(config).attach(AdHoc::on_liftoff("say where", move |rocket| {
                let listening = listening.lock().expect("nobody panics").clone();
                let port = rocket.config().port;
                Box::pin(async move { listening.send(port).expect("somebody waits") })
            }));
            let pools = Pools::new(&url).await;
            with(rocket, pools).launch().await.expect("it serves");
        });
    });
    (Ipv4Addr::LOCALHOST, port.recv().expect("it listens")).into()
}

/// The header `Host`.
struct Host<'r>(Option<&'r str>);

#[async_trait]
impl<'r> FromRequest<'r> for Host<'r> {
    type Error = Infallible;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Infallible> {
        Outcome::Success(Self(request.headers().get_one("host")))
    }
}

#[get("/ours")]
async fn ours(conn: TenantConn) -> Result<Json<Row>, Rejection> {
    queries::ours(conn).await.map(Json)
}

#[get("/by-hand")]
async fn by_hand(pools: &State<Pools>, host: Host<'_>) -> Json<Row> {
    Json(pools.by_hand(host.0).await)
}

#[get("/search-path")]
async fn search_path(pools: &State<Pools>, host: Host<'_>) -> Json<Row> {
    Json(pools.search_path(host.0).await)
}
