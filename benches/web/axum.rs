use std::{convert::Infallible, net::SocketAddr, sync::mpsc, thread};

use axum::{
    Json, Router,
    extract::{FromRequestParts, State},
    http::{HeaderValue, request::Parts},
    routing::get,
};
use diesel_tenants::web::axum::{Rejection, Resolver, TenantConn, TenantLayer};
use tokio::{net::TcpListener, runtime};

use crate::queries::{self, Pools, Row};

pub fn start(url: String) -> [SocketAddr; 3] {
    let (listening, address) = mpsc::channel();
    thread::spawn(move || {
        let runtime = runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(async {
            let pools = Pools::new(&url).await;
            let resolver = Resolver::subdomain("shop.example").expect("a domain");
            let app = Router::new()
                .route("/ours", get(ours))
                .layer(TenantLayer::new(pools.ours.clone(), resolver))
                .route("/by-hand", get(by_hand))
                .route("/search-path", get(search_path))
                .with_state(pools);
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
            listening
                .send(listener.local_addr().expect("an address"))
                .expect("somebody waits");
            axum::serve(listener, app).await.expect("it serves");
        });
    });
    [address.recv().expect("it listens"); 3]
}

async fn ours(conn: TenantConn) -> Result<Json<Row>, Rejection> {
    queries::ours(conn).await.map(Json)
}

/// The header `Host`.
struct Host(Option<HeaderValue>);

impl<S: Sync> FromRequestParts<S> for Host {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(parts.headers.get("host").cloned()))
    }
}

impl Host {
    fn text(&self) -> Option<&str> {
        self.0.as_ref()?.to_str().ok()
    }
}

async fn by_hand(State(pools): State<Pools>, host: Host) -> Json<Row> {
    Json(pools.by_hand(host.text()).await)
}

async fn search_path(State(pools): State<Pools>, host: Host) -> Json<Row> {
    Json(pools.search_path(host.text()).await)
}
