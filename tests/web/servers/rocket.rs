use std::{io::Cursor, net::Ipv4Addr, sync::Mutex};

use diesel_tenants::web::rocket::{Rejection, Resolver, SharedConn, Tenant, TenantConn, in_tenant};
use rocket::{
    Build, Config, Data, Response, Rocket, State,
    config::{LogLevel, Shutdown},
    data::ToByteUnit,
    fairing::AdHoc,
    get,
    http::Status,
    post, routes,
    serde::json::Json,
};
use tokio::sync::oneshot;

use super::{Running, Serve};
use crate::handlers::{self, Line, Service};

pub struct Server;

impl Serve for Server {
    /// Rocket runs each handler in a task of its own, to its end.
    const CANCELS: bool = false;
    const KEEPS_ALL_HEADERS: bool = false;

    async fn start(service: Service) -> Running {
        let session = Resolver::custom(|request| handlers::session(request.headers().get_one("cookie")));
        let teapot = |rejection: &Rejection| {
            let code = rejection.code().to_owned();
            Response::build()
                .status(Status::ImATeapot)
                .sized_body(code.len(), Cursor::new(code))
                .finalize()
        };
        let log = AdHoc::on_response("access log", |request, response| {
            Box::pin(async move {
                let service = request.rocket().state::<Service>().unwrap();
                let tenant = request.guard::<Tenant>().await.succeeded();
                service.log(response.status().code, tenant.as_ref());
            })
        });
        let routes = routes![
            tenant,
            tenant_of_path,
            bill,
            products,
            leak,
            two,
            current,
            upload,
            sleep,
            slow,
            write,
            panic,
            swallow,
            nested,
            handed_on,
            both
        ];
        let rocket = rocket::custom(config())
            .attach(service.tenants(session, teapot))
            .attach(log)
            .manage(service)
            .mount("/", in_tenant(routes));
        serve(rocket).await
    }
}

pub fn config() -> Config {
    Config {
        port: 0,
        address: Ipv4Addr::LOCALHOST.into(),
        log_level: LogLevel::Off,
        shutdown: Shutdown {
            ctrlc: false,
            signals: Default::default(),
            grace: 8,
            ..Shutdown::default()
        },
        ..Config::debug_default()
    }
}

/// The application, with [`config`], on a port of its own.
pub async fn serve(rocket: Rocket<Build>) -> Running {
    let (listening, port) = oneshot::channel();
    let listening = Mutex::new(Some(listening));
    let announce = AdHoc::on_liftoff("announce the port", move |rocket| {
        let listening = listening.lock().unwrap().take().unwrap();
        listening.send(rocket.config().port).unwrap();
        Box::pin(async {})
    });
    let rocket = rocket.attach(announce).ignite().await.unwrap();
    let handle = rocket.shutdown();
    let ended = tokio::spawn(async { drop(rocket.launch().await.unwrap()) });
    let (shutdown, stop) = oneshot::channel();
    tokio::spawn(async {
        if stop.await == Ok(()) {
            handle.notify();
        }
    });
    Running {
        address: (Ipv4Addr::LOCALHOST, port.await.unwrap()).into(),
        shutdown,
        ended,
    }
}

#[get("/tenant")]
fn tenant(tenant: Tenant) -> String {
    tenant.to_string()
}

#[get("/<_>/tenant", rank = 20)]
fn tenant_of_path(tenant: Tenant) -> String {
    tenant.to_string()
}

#[get("/orders/<user>")]
async fn bill(conn: TenantConn, user: i32) -> Result<Json<Vec<Line>>, Rejection> {
    handlers::bill(conn, user).await.map(Json)
}

#[get("/products")]
async fn products(conn: Option<TenantConn>, shared: SharedConn) -> Result<String, Rejection> {
    handlers::products(conn, shared).await
}

#[get("/leak")]
async fn leak(shared: SharedConn) -> Result<String, Rejection> {
    handlers::leak(shared).await
}

#[get("/two")]
async fn two(conn: TenantConn, shared: SharedConn) -> Result<String, Rejection> {
    handlers::two(conn, shared).await
}

#[get("/current")]
async fn current(service: &State<Service>) -> Result<String, Rejection> {
    handlers::current(&service.pool).await
}

#[post("/upload", data = "<body>")]
async fn upload(conn: TenantConn, service: &State<Service>, body: Data<'_>) -> Result<String, Rejection> {
    handlers::upload(conn, service, body.open(4.kibibytes()).into_bytes()).await
}

#[get("/sleep/<seconds>")]
async fn sleep(conn: TenantConn, seconds: u32) -> Result<String, Rejection> {
    handlers::sleep(conn, seconds).await
}

#[get("/slow")]
async fn slow(conn: TenantConn, service: &State<Service>) -> Result<String, Rejection> {
    handlers::slow(conn, &service.begun).await
}

#[post("/write/<status>")]
async fn write(mut conn: TenantConn, status: u16) -> Result<(Status, ()), Rejection> {
    handlers::write(&mut conn).await?;
    Ok((Status::new(status), ()))
}

#[post("/panic")]
async fn panic(mut conn: TenantConn) -> Result<(), Rejection> {
    handlers::write(&mut conn).await?;
    panic!("a handler's")
}

#[post("/swallow")]
async fn swallow(conn: TenantConn) -> Result<String, Rejection> {
    handlers::swallow(conn).await
}

#[post("/nested")]
async fn nested(conn: TenantConn) -> Result<String, Rejection> {
    handlers::nested(conn).await
}

#[post("/handed-on")]
async fn handed_on(first: TenantConn, second: TenantConn) -> Result<String, Rejection> {
    handlers::handed_on(first, second).await
}

#[post("/both")]
async fn both(first: TenantConn, second: TenantConn) -> Result<String, Rejection> {
    handlers::both(first, second).await
}
