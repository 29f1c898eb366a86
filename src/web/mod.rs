//! Web services: the tenant of a request is resolved before its handler runs.
//!
//! A [`Resolver`] finds the tenant in the request: in its host, a header, its path, or wherever your own function
//! looks. [`Tenants`] is added to an application in one line. It answers requests for unknown, suspended or malformed
//! tenants itself. It runs handlers inside the tenant's [context](crate::context), so that
//! [`TenantPool::current`](crate::TenantPool::current) works in all code that they call. Handlers ask for a
//! [`TenantConn`], a [`SharedConn`] or the [`Tenant`].
//!
//! The pool remembers for a second that a tenant doesn't exist: on PostgreSQL with or without a
//! [directory](crate::directory), on MySQL with one. So requests that name it cost one query a second, however many
//! there are. On SQLite without a directory they cost no query.
//! [`CatalogDirectory`](crate::directory::CatalogDirectory) needs no tables, and can remember unknown tenants for
//! longer.
//!
//! The context ends when a handler returns. A body that is streamed after that must carry everything it needs.
//!
//! | framework | feature | module | guide |
//! |---|---|---|---|
//! | Actix Web 4 | `actix` | `web::actix` | `docs/actix.md` |
//! | Axum 0.8 | `axum` | `web::axum` | `docs/axum.md` |
//! | Rocket 0.5 | `rocket` | `web::rocket` | `docs/rocket.md` |

#[cfg(feature = "actix")]
pub mod actix;
mod any_request;
#[cfg(feature = "axum")]
pub mod axum;
mod connection;
mod framework;
mod proxies;
mod rejection;
mod rejection_status;
mod request_context;
pub(crate) mod resolving;
#[cfg(feature = "rocket")]
pub mod rocket;
mod settings;
mod tenants;
mod transaction;

pub use crate::web::resolving::host::Host;
pub use crate::web::resolving::resolver::Resolver;
pub use connection::{SharedConn, Tenant, TenantConn};
pub use framework::Framework;
pub use proxies::{TrustedProxies, TrustedProxyError};
pub use rejection::{Malformed, Rejection};
pub use tenants::Tenants;
