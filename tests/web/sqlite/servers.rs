//! One server for each framework, with the same routes.

use std::sync::Arc;

use diesel_tenants::{
    Sqlite,
    web::{Rejection, SharedConn, Tenant, TenantConn, rocket::in_tenant},
};

use super::handlers::{self, Conn, Service, Shared};
use crate::servers::{self, Running};

/// A framework, for scenarios to start servers of.
pub trait Serve {
    /// Whether a handler stops when its client hangs up.
    const CANCELS: bool = true;

    fn start(service: Service) -> impl Future<Output = Running>;
}

pub struct Axum;

impl Serve for Axum {
    async fn start(service: Service) -> Running {
        use axum::{
            Router,
            body::{Body, to_bytes},
            extract::{Path, State},
            http::StatusCode,
            routing::{get, post},
        };

        type Shop = State<Service>;

        async fn write(mut conn: Conn, Path(status): Path<u16>) -> Result<StatusCode, Rejection> {
            handlers::write(&mut conn).await?;
            Ok(StatusCode::from_u16(status).unwrap())
        }

        async fn upload(conn: Conn, State(service): Shop, body: Body) -> Result<String, Rejection> {
            handlers::upload(conn, &service, to_bytes(body, 4096)).await
        }

        async fn current(State(service): Shop) -> Result<String, Rejection> {
            handlers::current(&service.pool).await
        }

        async fn slow(conn: Conn, State(service): Shop) -> Result<String, Rejection> {
            handlers::slow(conn, &service).await
        }

        async fn panic(mut conn: Conn) -> Result<(), Rejection> {
            handlers::write(&mut conn).await?;
            panic!("a handler's")
        }

        async fn of_postgres(conn: Result<TenantConn, Rejection>, shared: Result<SharedConn, Rejection>) -> String {
            handlers::of_postgres(conn, shared)
        }

        let app = Router::new()
            .route("/tenant", get(async |tenant: Tenant| tenant.to_string()))
            .route("/bill", get(handlers::bill))
            .route("/shared", get(handlers::shared))
            .route("/leak", get(handlers::leak))
            .route("/current", get(current))
            .route("/upload", post(upload))
            .route("/slow", post(slow))
            .route("/write/{status}", post(write))
            .route("/panic", post(panic))
            .route("/swallow", post(handlers::swallow))
            .route("/handed-on", post(handlers::handed_on))
            .route("/both", post(handlers::both))
            .route("/of-postgres", get(of_postgres))
            .route("/plain", get(async |_: TenantConn| "reached"))
            .layer(service.tenants())
            .with_state(service);
        servers::axum::serve(app).await
    }
}

pub struct Actix;

impl Serve for Actix {
    async fn start(service: Service) -> Running {
        use actix_web::{
            HttpResponse,
            http::StatusCode,
            web::{Data, Path, Payload, get, post, scope},
        };

        type Shop = Data<Service>;

        async fn write(mut conn: Conn, status: Path<u16>) -> Result<HttpResponse, Rejection> {
            handlers::write(&mut conn).await?;
            Ok(HttpResponse::new(StatusCode::from_u16(*status).unwrap()))
        }

        async fn upload(conn: Conn, service: Shop, body: Payload) -> Result<String, Rejection> {
            handlers::upload(conn, &service, body.to_bytes()).await
        }

        async fn current(service: Shop) -> Result<String, Rejection> {
            handlers::current(&service.pool).await
        }

        async fn slow(conn: Conn, service: Shop) -> Result<String, Rejection> {
            handlers::slow(conn, &service).await
        }

        async fn panic(mut conn: Conn) -> Result<String, Rejection> {
            handlers::write(&mut conn).await?;
            panic!("a handler's")
        }

        async fn of_postgres(conn: Result<TenantConn, Rejection>, shared: Result<SharedConn, Rejection>) -> String {
            handlers::of_postgres(conn, shared)
        }

        let tenants = service.tenants();
        let service = Data::from(Arc::new(service));
        servers::actix::serve(move |config| {
            config.app_data(service.clone()).service(
                scope("")
                    .wrap(tenants.clone())
                    .route("/tenant", get().to(async |tenant: Tenant| tenant.to_string()))
                    .route("/bill", get().to(handlers::bill))
                    .route("/shared", get().to(handlers::shared))
                    .route("/leak", get().to(handlers::leak))
                    .route("/current", get().to(current))
                    .route("/upload", post().to(upload))
                    .route("/slow", post().to(slow))
                    .route("/write/{status}", post().to(write))
                    .route("/panic", post().to(panic))
                    .route("/swallow", post().to(handlers::swallow))
                    .route("/handed-on", post().to(handlers::handed_on))
                    .route("/both", post().to(handlers::both))
                    .route("/of-postgres", get().to(of_postgres))
                    .route("/plain", get().to(async |_: TenantConn| "reached")),
            );
        })
        .await
    }
}

pub struct Rocket;

impl Serve for Rocket {
    const CANCELS: bool = false;

    async fn start(service: Service) -> Running {
        use rocket::routes;

        let routes = routes![
            routes::tenant,
            routes::bill,
            routes::shared,
            routes::leak,
            routes::current,
            routes::upload,
            routes::slow,
            routes::write,
            routes::panic,
            routes::swallow,
            routes::handed_on,
            routes::both,
        ];
        let rocket = rocket::custom(servers::rocket::config())
            .attach(service.tenants())
            .manage(service)
            .mount("/", in_tenant(routes));
        servers::rocket::serve(rocket).await
    }
}

/// Handlers that were written for a pool of PostgreSQL.
pub fn routes_of_postgres() -> Vec<rocket::Route> {
    rocket::routes![routes::of_postgres, routes::shared_of_postgres]
}

mod routes {
    use rocket::{Data, State, data::ToByteUnit, get, http::Status, post};

    use super::*;

    type Shop = State<Service>;

    #[get("/tenant")]
    pub fn tenant(tenant: Tenant) -> String {
        tenant.to_string()
    }

    #[get("/bill")]
    pub async fn bill(conn: Conn) -> Result<String, Rejection> {
        handlers::bill(conn).await
    }

    #[get("/shared")]
    pub async fn shared(shared: Shared) -> Result<String, Rejection> {
        handlers::shared(shared).await
    }

    #[get("/leak")]
    pub async fn leak(shared: SharedConn<Sqlite>) -> Result<String, Rejection> {
        handlers::leak(shared).await
    }

    #[get("/current")]
    pub async fn current(service: &Shop) -> Result<String, Rejection> {
        handlers::current(&service.pool).await
    }

    #[post("/upload", data = "<body>")]
    pub async fn upload(conn: Conn, service: &Shop, body: Data<'_>) -> Result<String, Rejection> {
        handlers::upload(conn, service, body.open(4.kibibytes()).into_bytes()).await
    }

    #[post("/slow")]
    pub async fn slow(conn: Conn, service: &Shop) -> Result<String, Rejection> {
        handlers::slow(conn, service).await
    }

    #[post("/write/<status>")]
    pub async fn write(mut conn: Conn, status: u16) -> Result<(Status, ()), Rejection> {
        handlers::write(&mut conn).await?;
        Ok((Status::new(status), ()))
    }

    #[post("/panic")]
    pub async fn panic(mut conn: Conn) -> Result<(), Rejection> {
        handlers::write(&mut conn).await?;
        panic!("a handler's")
    }

    #[post("/swallow")]
    pub async fn swallow(conn: Conn) -> Result<String, Rejection> {
        handlers::swallow(conn).await
    }

    #[post("/handed-on")]
    pub async fn handed_on(first: Conn, second: Conn) -> Result<String, Rejection> {
        handlers::handed_on(first, second).await
    }

    #[post("/both")]
    pub async fn both(first: Conn, second: Conn) -> Result<String, Rejection> {
        handlers::both(first, second).await
    }

    #[get("/tenants")]
    pub fn of_postgres(_conn: TenantConn) {}

    #[get("/shared")]
    pub fn shared_of_postgres(_conn: SharedConn) {}
}
