use std::thread;

use actix_web::{
    App, HttpMessage, HttpResponse, HttpServer,
    dev::Service as _,
    get,
    http::StatusCode,
    post,
    rt::System,
    web::{self, Data, Json, Path, ServiceConfig, scope},
};
use diesel_tenants::web::actix::{Rejection, Resolver, SharedConn, Tenant, TenantConn, TenantMiddleware};
use tokio::sync::oneshot;

use super::{Running, Serve};
use crate::handlers::{self, Line, Service};

pub struct Server;

impl Serve for Server {
    async fn start(service: Service) -> Running {
        let session = Resolver::custom(|request| {
            let cookie = request.headers().get("cookie");
            handlers::session(cookie.and_then(|cookie| cookie.to_str().ok()))
        });
        let teapot = |rejection: &Rejection| HttpResponse::ImATeapot().body(rejection.code().to_owned());
        let tenants = service.tenants(session, teapot);
        serve(move |config| configure(config, tenants.clone(), service.clone())).await
    }
}

/// An application of two workers that stops the handlers of clients that hang up.
pub async fn serve(configure: impl Fn(&mut ServiceConfig) + Clone + Send + 'static) -> Running {
    let (shutdown, stop) = oneshot::channel();
    let (listening, address) = oneshot::channel();
    let thread = thread::spawn(move || {
        System::new().block_on(async {
            let server = HttpServer::new(move || App::new().configure(configure.clone()))
                .workers(2)
                .disable_signals()
                .shutdown_timeout(20)
                .h1_allow_half_closed(false)
                .bind("127.0.0.1:0")
                .unwrap();
            listening.send(server.addrs()[0]).unwrap();
            let server = server.run();
            let handle = server.handle();
            let server = actix_web::rt::spawn(server);
            // A test that has failed doesn't ask.
            let _ = stop.await;
            handle.stop(true).await;
            server.await.unwrap().unwrap();
        });
    });
    Running {
        address: address.await.unwrap(),
        shutdown,
        ended: tokio::task::spawn_blocking(|| thread.join().unwrap()),
    }
}

fn configure(config: &mut ServiceConfig, tenants: TenantMiddleware, service: Service) {
    config
        .app_data(Data::new(service.clone()))
        .route("/outside", web::get().to(async |tenant: Tenant| tenant.to_string()))
        .service(
            scope("")
                .wrap(tenants)
                .wrap_fn(move |request, next| {
                    let service = service.clone();
                    let response = next.call(request);
                    async move {
                        let response = response.await?;
                        service.log(response.status().as_u16(), response.request().extensions().get());
                        Ok(response)
                    }
                })
                .route("/tenant", web::get().to(async |tenant: Tenant| tenant.to_string()))
                .service(bill)
                .service(products)
                .service(leak)
                .service(current)
                .service(upload)
                .service(sleep)
                .service(slow)
                .service(write)
                .service(panic)
                .route("/handed-on", web::post().to(handlers::handed_on))
                .route("/both", web::post().to(handlers::both))
                .route("/swallow", web::post().to(handlers::swallow))
                .route("/nested", web::post().to(handlers::nested))
                .route("/two", web::get().to(handlers::two))
                .route(
                    "/{tenant}/tenant",
                    web::get().to(async |tenant: Tenant| tenant.to_string()),
                ),
        );
}

#[get("/orders/{user}")]
async fn bill(conn: TenantConn, user: Path<i32>) -> Result<Json<Vec<Line>>, Rejection> {
    handlers::bill(conn, *user).await.map(Json)
}

#[get("/products")]
async fn products(conn: Option<TenantConn>, shared: SharedConn) -> Result<String, Rejection> {
    handlers::products(conn, shared).await
}

#[get("/leak")]
async fn leak(shared: SharedConn) -> Result<String, Rejection> {
    handlers::leak(shared).await
}

#[get("/current")]
async fn current(service: Data<Service>) -> Result<String, Rejection> {
    handlers::current(&service.pool).await
}

#[post("/upload")]
async fn upload(conn: TenantConn, service: Data<Service>, body: web::Payload) -> Result<String, Rejection> {
    handlers::upload(conn, &service, body.to_bytes()).await
}

#[get("/sleep/{seconds}")]
async fn sleep(conn: TenantConn, seconds: Path<u32>) -> Result<String, Rejection> {
    handlers::sleep(conn, *seconds).await
}

#[get("/slow")]
async fn slow(conn: TenantConn, service: Data<Service>) -> Result<String, Rejection> {
    handlers::slow(conn, &service.begun).await
}

#[post("/write/{status}")]
async fn write(mut conn: TenantConn, status: Path<u16>) -> Result<HttpResponse, Rejection> {
    handlers::write(&mut conn).await?;
    Ok(HttpResponse::new(StatusCode::from_u16(*status).unwrap()))
}

#[post("/panic")]
async fn panic(mut conn: TenantConn) -> Result<String, Rejection> {
    handlers::write(&mut conn).await?;
    panic!("a handler's")
}
