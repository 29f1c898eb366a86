//! Web services: the tenant of a request is resolved before its handler runs.
//!
//! A [`Resolver`] finds the tenant in the request: in its host, a header, its path, or wherever a function of yours looks.
//! [`Tenants`] is added to an application in one line. It answers requests for tenants that are unknown, suspended or malformed by
//! itself, and runs handlers inside of the tenant's [context](crate::context), so that
//! [`TenantPool::current`](crate::TenantPool::current) works in whatever they call. Handlers ask for a [`TenantConn`], a [`SharedConn`] or
//! the [`Tenant`].
//!
//! Whoever asks for tenants that don't exist, costs a query for each request; with a [directory](crate::directory) it is remembered that
//! there are none, and with [`CatalogDirectory`](crate::directory::CatalogDirectory) that needs no tables.
//!
//! The context ends when a handler returns: a body that is streamed after that takes along what it needs.
//!
//! | framework | feature | module | guide |
//! |---|---|---|---|
//! | Actix Web 4 | `actix` | `web::actix` | `docs/actix.md` |
//! | Axum 0.8 | `axum` | `web::axum` | `docs/axum.md` |
//! | Rocket 0.5 | `rocket` | `web::rocket` | `docs/rocket.md` |

#[cfg(feature = "actix")]
pub mod actix;
#[cfg(feature = "axum")]
pub mod axum;
mod connection;
mod framework;
mod host;
mod path;
mod proxies;
mod rejection;
mod request_context;
mod request_host;
mod resolver;
#[cfg(feature = "rocket")]
pub mod rocket;
mod tenants;
mod transaction;

pub use connection::{SharedConn, Tenant, TenantConn};
pub use framework::Framework;
pub use host::Host;
pub use proxies::{TrustedProxies, TrustedProxyError};
pub use rejection::{Malformed, Rejection};
use request_context::RequestContext;
pub use resolver::Resolver;
use tenants::Settings;
pub use tenants::Tenants;
