use std::net::SocketAddr;

use axum::{
    Json, Router,
    body::{Body, to_bytes},
    extract::{Path, State},
    http::StatusCode,
    middleware::map_response_with_state,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use diesel_tenants::web::axum::{Rejection, Resolver, Tenant, TenantConn};
use tokio::{net::TcpListener, sync::oneshot};

use super::{Running, Serve};
use crate::handlers::{self, Line, Service};

pub struct Server;

impl Serve for Server {
    async fn start(service: Service) -> Running {
        let session = Resolver::custom(|parts| {
            let cookie = parts.headers.get("cookie").and_then(|cookie| cookie.to_str().ok());
            handlers::session(cookie)
        });
        let teapot = |rejection: &Rejection| (StatusCode::IM_A_TEAPOT, rejection.code().to_owned()).into_response();
        let app = Router::new()
            .route("/tenant", get(async |tenant: Tenant| tenant.to_string()))
            .route("/{tenant}/tenant", get(async |tenant: Tenant| tenant.to_string()))
            .route("/orders/{user}", get(bill))
            .route("/products", get(handlers::products))
            .route("/leak", get(handlers::leak))
            .route("/two", get(handlers::two))
            .route(
                "/current",
                get(async |State(service): State<Service>| handlers::current(&service.pool).await),
            )
            .route("/upload", post(upload))
            .route("/sleep/{seconds}", get(sleep))
            .route("/slow", get(slow))
            .route("/write/{status}", post(write))
            .route("/panic", post(panic))
            .route("/handed-on", post(handlers::handed_on))
            .route("/both", post(handlers::both))
            .route("/swallow", post(handlers::swallow))
            .route("/nested", post(handlers::nested))
            .layer(service.tenants(session, teapot))
            .layer(map_response_with_state(service.clone(), log))
            .route("/outside", get(async |tenant: Tenant| tenant.to_string()))
            .with_state(service);
        serve(app).await
    }
}

pub async fn serve(app: Router) -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (shutdown, stop) = oneshot::channel::<()>();
    let server = axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>())
        .with_graceful_shutdown(async { stop.await.unwrap_or_default() });
    Running {
        address,
        shutdown,
        ended: tokio::spawn(async { server.await.unwrap() }),
    }
}

async fn log(State(service): State<Service>, response: Response) -> Response {
    service.log(response.status().as_u16(), response.extensions().get());
    response
}

async fn bill(conn: TenantConn, Path(user): Path<i32>) -> Result<Json<Vec<Line>>, Rejection> {
    handlers::bill(conn, user).await.map(Json)
}

async fn upload(conn: TenantConn, State(service): State<Service>, body: Body) -> Result<String, Rejection> {
    handlers::upload(conn, &service, to_bytes(body, 4096)).await
}

async fn sleep(conn: TenantConn, Path(seconds): Path<u32>) -> Result<String, Rejection> {
    handlers::sleep(conn, seconds).await
}

async fn slow(conn: TenantConn, State(service): State<Service>) -> Result<String, Rejection> {
    handlers::slow(conn, &service.begun).await
}

async fn write(mut conn: TenantConn, Path(status): Path<u16>) -> Result<StatusCode, Rejection> {
    handlers::write(&mut conn).await?;
    Ok(StatusCode::from_u16(status).unwrap())
}

async fn panic(mut conn: TenantConn) -> Result<(), Rejection> {
    handlers::write(&mut conn).await?;
    panic!("a handler's")
}
