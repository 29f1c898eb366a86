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
//! and spans, mount routes with [`in_tenant`]. An application that uses the guards without the fairing, or for another
//! kind of database than the fairing's pool has, doesn't launch.
//!
//! # Catchers
//!
//! A refused request is answered by [`on_rejection`](super::Tenants::on_rejection), if you set it; otherwise by your
//! catcher of that status, or your default one; otherwise in JSON. If a guard refuses the request, your catcher comes
//! before `on_rejection`. (If a handler goes on without its `Option<Tenant>`, and then fails with 404 itself, its
//! request can't be told from one that a guard refused, and is answered in the same way.)
//!
//! Register your catchers with the application, or by fairings that are attached before this one: an application with
//! two catchers of one status for all paths doesn't launch.
//!
//! # Other fairings
//!
//! A request for an unknown, suspended or malformed tenant is sent to this crate's own route, and none of your handlers
//! sees it. Its method is `CONNECT` from then on, except for `HEAD`. Attach this fairing after others that change
//! requests: a fairing that sets the method later sends such a request to a handler. Even then, routes mounted with
//! [`in_tenant`] refuse the request, and so do guards that a handler requires. An `Option<TenantConn>`, which Rocket
//! makes `None`, and a `Result` don't refuse it.
//!
//! # How Rocket differs
//!
//! - A handler runs to its end even if its client hangs up: set a `statement_timeout` for queries that take too long.
//! - Rocket removes headers that aren't UTF-8 before this crate or a handler sees them.
//! - For an HTTP/1 request to an absolute URI, only the header `Host` is used.

mod admission;
mod fairing;
mod framework;
mod guards;
mod rejection_response;
mod routes;

pub use self::{
    framework::{Resolver, Rocket, TenantFairing},
    routes::in_tenant,
};
pub use super::{Rejection, SharedConn, Tenant, TenantConn, TrustedProxies};
