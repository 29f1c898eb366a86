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
//! A fairing can't wrap a handler. Guards work in all routes; for [`TenantPool::current`](crate::TenantPool::current),
//! and spans, mount routes with [`in_tenant`]. An application that uses the guards without the fairing doesn't launch.
//!
//! # Catchers
//!
//! Your catchers come first: a request for an unknown tenant, or one that a guard refuses, goes to your catcher of its
//! status, or to your default one. Where there is none, the request is answered in JSON, or by
//! [`on_rejection`](Tenants::on_rejection). `on_rejection` comes before your catchers for all requests but those that a
//! guard refuses. (If a handler goes on without its `Option<Tenant>`, and then fails with 404 itself, its request can't
//! be told from one that a guard refused, and is answered in the same way.)
//!
//! Register your catchers with the application, or by fairings that are attached before this one: an application with
//! two catchers of one status for all paths doesn't launch.
//!
//! # Other fairings
//!
//! A request for an unknown, suspended or malformed tenant is led to this crate's own route, and none of your handlers
//! sees it. Its method is `CONNECT` from then on, except for `HEAD`. Attach this fairing after others that change
//! requests: a fairing that sets the method later leads such a request to a handler. Even then, routes mounted with
//! [`in_tenant`] refuse the request, and so do guards that a handler requires. An `Option<TenantConn>`, which Rocket
//! makes `None`, and a `Result` don't refuse it.
//!
//! # What Rocket does otherwise
//!
//! - A handler runs to its end even if its client hangs up: set a `statement_timeout` for queries that take too long.
//! - Rocket removes headers that aren't UTF-8 before anybody sees them.
//! - Of an HTTP/1 request to an absolute URI only the header `Host` is seen.

mod answer;
mod guards;
mod routes;

use std::{
    net::IpAddr,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

use answer::{AnswerRejected, answer, answer_refusal, catches};
use rocket::{
    Build, Catcher, Data, Request, Response, Rocket as Application, Route, async_trait,
    fairing::{self, Fairing, Info, Kind},
    http::{Method, Status},
};

pub use self::routes::in_tenant;
use super::{Framework, RequestContext, Tenants};
pub use super::{Rejection, SharedConn, Tenant, TenantConn, TrustedProxies};

/// The method of requests that are rejected: no handler of anybody's has it, and the URI remains, for catchers and logs. `HEAD` stays, as
/// Rocket removes the body of its answers; our route comes first.
const REJECTED: Method = Method::Connect;

/// The name of our catchers, and our route.
const OURS: &str = "diesel-tenants";

/// The framework [Rocket](::rocket). Your own resolvers see [`Request`].
#[derive(Debug, Clone, Copy)]
pub enum Rocket {}

/// The fairing that resolves tenants.
pub type TenantFairing = Tenants<Rocket>;

/// Finds the tenant in a request.
pub type Resolver = super::Resolver<Rocket>;

impl Framework for Rocket {
    type Request<'r> = Request<'r>;
    type Response = Response<'static>;

    fn header_values<'h>(request: &'h Request<'_>, name: &str) -> [Option<&'h [u8]>; 2] {
        let mut values = request.headers().get(name).map(str::as_bytes);
        [values.next(), values.next()]
    }

    fn authority<'h>(request: &'h Request<'_>) -> Option<&'h str> {
        // Of HTTP/1 it comes from the header `Host`, of HTTP/2 from the target.
        Some(request.host()?.domain().as_str())
    }

    fn path<'h>(request: &'h Request<'_>) -> &'h str {
        request.uri().path().as_str()
    }

    fn peer(request: &Request<'_>) -> Option<IpAddr> {
        Some(request.remote()?.ip())
    }
}

/// What the fairing found out about a request.
#[derive(Clone, Default)]
enum Admission {
    #[default]
    NotInstalled,
    Admitted(Arc<RequestContext>),
    Rejected(Arc<Rejection>),
}

/// Where a request has it. Clones of a request share one, and so the last of them that was dispatched decides.
#[derive(Default)]
struct Slot {
    admission: RwLock<Admission>,
    /// Whether a guard refused it since, for the catcher.
    is_refused: AtomicBool,
}

fn slot<'r>(request: &'r Request<'_>) -> &'r Slot {
    request.local_cache(Slot::default)
}

fn admission(request: &Request<'_>) -> Admission {
    let admission = slot(request).admission.read();
    admission.unwrap_or_else(PoisonError::into_inner).clone()
}

impl Admission {
    fn context(&self) -> Option<&Arc<RequestContext>> {
        match self {
            Self::Admitted(context) => Some(context),
            Self::NotInstalled | Self::Rejected(_) => None,
        }
    }
}

#[async_trait]
impl Fairing for Tenants<Rocket> {
    fn info(&self) -> Info {
        Info {
            name: "Tenants",
            kind: match self.has_transactions() {
                true => Kind::Ignite | Kind::Request | Kind::Response | Kind::Singleton,
                false => Kind::Ignite | Kind::Request | Kind::Singleton,
            },
        }
    }

    async fn on_ignite(&self, rocket: Application<Build>) -> fairing::Result {
        let is_caught = |status: Status| {
            let mut of_all = rocket.catchers().filter(|catcher| catcher.base.path() == "/");
            of_all.any(|catcher| catches(catcher, status))
        };
        let catchers: Vec<_> = [Status::NotFound, Status::InternalServerError]
            .into_iter()
            .filter(|status| !is_caught(*status))
            .map(|status| {
                let mut catcher = Catcher::new(status.code, answer_refusal);
                catcher.name = Some(OURS.into());
                catcher
            })
            .collect();
        let rejected = [REJECTED, Method::Head].map(|method| {
            let mut route = Route::ranked(isize::MIN, method, "/<_..>", AnswerRejected);
            route.name = Some(OURS.into());
            route
        });
        Ok(rocket.manage(self.clone()).register("/", catchers).mount("/", rejected))
    }

    async fn on_request(&self, request: &mut Request<'_>, _: &mut Data<'_>) {
        let claims = self.claims(request);
        let admission = match self.admit(claims).await {
            Ok(context) => Admission::Admitted(context),
            Err(rejection) => Admission::Rejected(Arc::new(rejection)),
        };
        let is_rejected = matches!(admission, Admission::Rejected(_));
        let slot = slot(request);
        *slot.admission.write().unwrap_or_else(PoisonError::into_inner) = admission;
        slot.is_refused.store(false, Relaxed);
        if is_rejected && request.method() != Method::Head {
            request.set_method(REJECTED);
        }
    }

    async fn on_response<'r>(&self, request: &'r Request<'_>, response: &mut Response<'r>) {
        if let Some(context) = admission(request).context()
            && let Err(rejection) = context.finish(response.status().code).await
        {
            *response = answer(request, &rejection);
        }
    }
}
