//! Rocket: a fairing and request guards.
//!
//! ```no_run
//! use diesel::prelude::*;
//! use diesel_async::RunQueryDsl;
//! use diesel_tenants::{TenantPool, web::rocket::{Rejection, Resolver, TenantConn, TenantFairing, in_tenant}};
//! use rocket::{get, routes};
//!
//! diesel::table! { orders (id) { id -> Integer, quantity -> Integer } }
//!
//! #[get("/orders")]
//! async fn count(mut conn: TenantConn) -> Result<String, Rejection> {
//!     let count: i64 = orders::table.count().get_result(conn.get().await?).await?;
//!     Ok(count.to_string())
//! }
//!
//! # async fn run(pool: TenantPool) -> Result<(), Box<dyn std::error::Error>> {
//! rocket::build()
//!     .attach(TenantFairing::new(pool, Resolver::subdomain("example.com")?))
//!     .mount("/", in_tenant(routes![count]))
//!     .launch()
//!     .await?;
//! # Ok(())
//! # }
//! ```
//!
//! A fairing can't run a handler inside of anything. Guards work in all routes; for [`TenantPool::current`](crate::TenantPool::current), and
//! spans, mount routes with [`in_tenant`]. Without the fairing an application that uses the guards doesn't launch.
//!
//! # Catchers
//!
//! Catchers of yours come first: a request for an unknown tenant, or one that a guard refuses, goes to your catcher of its status, or your
//! default one. Where there is none it is answered in JSON, and with [`on_rejection`](Tenants::on_rejection) always in your own way. A request for a tenant who is unknown,
//! suspended or malformed is led to a route of this crate's, which no handler of yours sees; its URI is `/-/diesel-tenants/rejected` from then on.
//!
//! # What Rocket does otherwise
//!
//! - A handler runs to its end also if its client hangs up: set a `statement_timeout` for queries that take too long.
//! - Headers that aren't UTF-8 are removed before anybody sees them.
//! - Of a request to an absolute URI only the header `Host` is seen.

use std::{net::IpAddr, sync::Arc};

use rocket::{
    Build, Catcher, Data, Ignite, Request, Response, Rocket as Application, Route, Sentinel, async_trait,
    catcher::BoxFuture as CatcherFuture,
    fairing::{self, Fairing, Info, Kind},
    http::{ContentType, Method, Status, uri::Origin},
    request::{FromRequest, Outcome},
    response::{self, Responder},
    route::{self, Handler},
};

use super::{
    Framework, RequestContext, Tenants,
    request_context::{connection_of, shared_connection_of, tenant_of},
};
pub use super::{Rejection, SharedConn, Tenant, TenantConn, TrustedProxies};

/// Where requests are led that are rejected.
const REJECTED: &str = "/-/diesel-tenants/rejected";

/// The name of our catchers, and our route.
const OURS: &str = "diesel-tenants";

/// The framework [Rocket](::rocket). Resolvers of yours see [`Request`].
#[derive(Debug, Clone, Copy)]
pub enum Rocket {}

/// The fairing that resolves tenants.
pub type TenantFairing = Tenants<Rocket>;

/// Finds the tenant in a request.
pub type Resolver = super::Resolver<Rocket>;

impl Framework for Rocket {
    type Request<'r> = Request<'r>;
    type Response = Response<'static>;

    fn header_values<'h>(request: &'h Request<'_>, name: &str) -> Vec<&'h [u8]> {
        request.headers().get(name).map(str::as_bytes).collect()
    }

    fn authority<'h>(request: &'h Request<'_>) -> Option<&'h str> {
        // Where there is a header `Host`, that is what this host comes from.
        let host = request.host().filter(|_| !request.headers().contains("host"))?;
        Some(host.domain().as_str())
    }

    fn path<'h>(request: &'h Request<'_>) -> &'h str {
        request.uri().path().as_str()
    }

    fn peer(request: &Request<'_>) -> Option<IpAddr> {
        Some(request.remote()?.ip())
    }
}

/// What the fairing found out about a request.
enum Admission {
    NotInstalled,
    Admitted(Arc<RequestContext>),
    Rejected(Rejection),
}

fn admission<'r>(request: &'r Request<'_>) -> &'r Admission {
    request.local_cache(|| Admission::NotInstalled)
}

fn context<'r>(request: &'r Request<'_>) -> Option<&'r Arc<RequestContext>> {
    match admission(request) {
        Admission::Admitted(context) => Some(context),
        Admission::NotInstalled | Admission::Rejected(_) => None,
    }
}

#[async_trait]
impl Fairing for Tenants<Rocket> {
    fn info(&self) -> Info {
        Info {
            name: "Tenants",
            kind: Kind::Ignite | Kind::Request | Kind::Response | Kind::Singleton,
        }
    }

    async fn on_ignite(&self, rocket: Application<Build>) -> fairing::Result {
        let has_catcher = |status: Status| rocket.catchers().any(|catcher| catches(catcher, status));
        let catchers: Vec<_> = [Status::NotFound, Status::InternalServerError]
            .into_iter()
            .filter(|status| !has_catcher(*status))
            .map(|status| {
                let mut catcher = Catcher::new(status.code, answer_refusal);
                catcher.name = Some(OURS.into());
                catcher
            })
            .collect();
        let mut rejected = Route::ranked(-100, Method::Get, REJECTED, AnswerRejected);
        rejected.name = Some(OURS.into());
        Ok(rocket
            .manage(self.clone())
            .register("/", catchers)
            .mount("/", [rejected]))
    }

    async fn on_request(&self, request: &mut Request<'_>, _: &mut Data<'_>) {
        let claims = self.claims(request);
        let admission = match self.admit(claims).await {
            Ok(context) => Admission::Admitted(context),
            Err(rejection) => Admission::Rejected(rejection),
        };
        let is_rejected = matches!(admission, Admission::Rejected(_));
        request.local_cache(|| admission);
        if is_rejected {
            request.set_method(Method::Get);
            request.set_uri(Origin::parse(REJECTED).expect("the path is valid"));
        }
    }

    async fn on_response<'r>(&self, request: &'r Request<'_>, response: &mut Response<'r>) {
        if let Some(context) = context(request)
            && let Err(rejection) = context.finish(response.status().code).await
        {
            *response = answer(request, &rejection);
        }
    }
}

fn catches(catcher: &Catcher, status: Status) -> bool {
    catcher.base.path() == "/" && catcher.code.is_none_or(|code| code == status.code)
}

/// The route that all rejected requests are led to.
#[derive(Clone)]
struct AnswerRejected;

#[async_trait]
impl Handler for AnswerRejected {
    async fn handle<'r>(&self, request: &'r Request<'_>, data: Data<'r>) -> route::Outcome<'r> {
        let Admission::Rejected(rejection) = admission(request) else {
            return route::Outcome::Forward((data, Status::NotFound));
        };
        let status = status_of(rejection);
        let is_theirs = |catcher: &Catcher| catches(catcher, status) && catcher.name.as_deref() != Some(OURS);
        if own_answer(request, rejection).is_none() && request.rocket().catchers().any(is_theirs) {
            return route::Outcome::Error(status);
        }
        route::Outcome::Success(answer(request, rejection))
    }
}

/// A guard's reason to refuse a request, for the catcher.
struct Refusal(Option<Rejection>);

fn answer_refusal<'r>(status: Status, request: &'r Request<'_>) -> CatcherFuture<'r> {
    Box::pin(async move {
        match request.local_cache(|| Refusal(None)) {
            Refusal(Some(rejection)) if status_of(rejection) == status => Ok(answer(request, rejection)),
            _ => Catcher::default().handler.handle(status, request).await,
        }
    })
}

fn status_of(rejection: &Rejection) -> Status {
    Status::new(rejection.status())
}

fn own_answer(request: &Request<'_>, rejection: &Rejection) -> Option<Response<'static>> {
    request.rocket().state::<TenantFairing>()?.answer(rejection)
}

fn answer(request: &Request<'_>, rejection: &Rejection) -> Response<'static> {
    rejection.log();
    if let Some(answer) = own_answer(request, rejection) {
        return answer;
    }
    let body = rejection.body();
    let mut response = Response::build();
    response.status(status_of(rejection)).header(ContentType::JSON);
    if let Some(seconds) = rejection.retry_after() {
        response.raw_header("Retry-After", seconds.to_string());
    }
    response.sized_body(body.len(), std::io::Cursor::new(body)).finalize()
}

impl<'r> Responder<'r, 'static> for Rejection {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        Ok(answer(request, &self))
    }
}

fn guard<T>(request: &Request<'_>, found: Result<Option<T>, Rejection>) -> Outcome<T, Rejection> {
    let refusal: fn() -> Rejection = match found {
        Ok(Some(found)) => return Outcome::Success(found),
        Ok(None) => || Rejection::Missing,
        // Without the fairing nobody looked for a tenant.
        Err(_) => || Rejection::NotInstalled,
    };
    request.local_cache(|| Refusal(Some(refusal())));
    let rejection = refusal();
    Outcome::Error((status_of(&rejection), rejection))
}

#[async_trait]
impl<'r> FromRequest<'r> for Tenant {
    type Error = Rejection;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Rejection> {
        guard(request, tenant_of(context(request)))
    }
}

#[async_trait]
impl<'r> FromRequest<'r> for TenantConn {
    type Error = Rejection;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Rejection> {
        guard(request, connection_of(context(request)))
    }
}

#[async_trait]
impl<'r> FromRequest<'r> for SharedConn {
    type Error = Rejection;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Rejection> {
        guard(request, shared_connection_of(context(request)).map(Some))
    }
}

impl Sentinel for Tenant {
    fn abort(rocket: &Application<Ignite>) -> bool {
        rocket.state::<TenantFairing>().is_none()
    }
}

impl Sentinel for TenantConn {
    fn abort(rocket: &Application<Ignite>) -> bool {
        rocket.state::<TenantFairing>().is_none()
    }
}

impl Sentinel for SharedConn {
    fn abort(rocket: &Application<Ignite>) -> bool {
        rocket.state::<TenantFairing>().is_none()
    }
}

/// Routes whose handlers run as the tenant's: [`TenantPool::current`](crate::TenantPool::current) works in them.
pub fn in_tenant(routes: impl Into<Vec<Route>>) -> Vec<Route> {
    let mut routes = routes.into();
    for route in &mut routes {
        route.handler = Box::new(InTenant(route.handler.clone()));
    }
    routes
}

#[derive(Clone)]
struct InTenant(Box<dyn Handler>);

#[async_trait]
impl Handler for InTenant {
    async fn handle<'r>(&self, request: &'r Request<'_>, data: Data<'r>) -> route::Outcome<'r> {
        let handled = self.0.handle(request, data);
        match context(request) {
            Some(context) => context.scope(handled).await,
            None => handled.await,
        }
    }
}
