//! Guides, one page a topic: from the first service to many databases.
//!
//! The library's tests compile the code of these pages, and the compiler checks their links. A topic that a page only
//! mentions is described in full where the page links to.
//!
//! | page | what it is about |
//! |---|---|
//! | [`first_service`] | a service in which each tenant sees its own rows |
//! | [`domains_and_sign_up`] | subdomains, customers' own domains, a sign-up that is all or nothing, a new tenant's first rows |
//! | [`tests`] | tests that fail when one tenant reaches another |
//! | [`migrations_without_downtime`] | changing tables while old and new code run |
//! | [`deployment`] | containers, the migration job, health, TLS, poolers, secrets, shutting down |
//! | [`background_jobs`] | the tenant of a job, queues, work for all tenants |
//! | [`caches_and_files`] | caches, files and search indexes: the rest that must be separate for each tenant |
//! | [`signals`] | figures, metrics and spans |
//! | [`growing`] | shards, Citus, read replicas, and when to use them |
//! | [`moving_to_it`] | from `search_path`, from a database for each tenant, from django-tenants and Apartment |
//! | [`troubleshooting`] | what the error messages mean, and what to do |

// The pages are read here and on the repository's site, and a link leads to an item here, to another page there. Each
// page ends with the targets there. `guide/links.md` has the targets here, and comes first: of two definitions of a
// link, Markdown takes the first.
//
// Code that needs a feature is compiled by tests that have it.

#[cfg(any(not(doctest), feature = "axum"))]
#[doc = include_str!("guide/links.md")]
/// A service in which each tenant sees its own rows.
#[doc = include_str!("../docs/guide/first-service.md")]
pub mod first_service {}

#[cfg(any(not(doctest), feature = "axum"))]
#[doc = include_str!("guide/links.md")]
/// Subdomains, customers' own domains, a sign-up that is all or nothing, and the first rows of a new tenant.
#[doc = include_str!("../docs/guide/domains-and-sign-up.md")]
pub mod domains_and_sign_up {}

#[cfg(any(not(doctest), feature = "testing"))]
#[doc = include_str!("guide/links.md")]
/// A database for each test, and an audit of what a piece of work reached.
#[doc = include_str!("../docs/guide/tests.md")]
pub mod tests {}

#[doc = include_str!("guide/links.md")]
/// Changing tables while old and new code run.
#[doc = include_str!("../docs/guide/migrations-without-downtime.md")]
pub mod migrations_without_downtime {}

#[doc = include_str!("guide/links.md")]
/// Containers, the migration job, health, TLS, poolers, secrets, shutting down.
#[doc = include_str!("../docs/guide/deployment.md")]
pub mod deployment {}

#[doc = include_str!("guide/links.md")]
/// The tenant of a job, queues, and work for all tenants.
#[doc = include_str!("../docs/guide/background-jobs.md")]
pub mod background_jobs {}

#[doc = include_str!("guide/links.md")]
/// What must be separate for each tenant besides the tables.
#[doc = include_str!("../docs/guide/caches-and-files.md")]
pub mod caches_and_files {}

#[cfg(any(not(doctest), all(feature = "axum", feature = "metrics")))]
#[doc = include_str!("guide/links.md")]
/// What the library tells of its work.
#[doc = include_str!("../docs/guide/signals.md")]
pub mod signals {}

#[doc = include_str!("guide/links.md")]
/// When one database is not enough.
#[doc = include_str!("../docs/guide/growing.md")]
pub mod growing {}

#[doc = include_str!("guide/links.md")]
/// From `search_path`, from a database for each tenant, from django-tenants and Apartment: in place.
#[doc = include_str!("../docs/guide/moving-to-it.md")]
pub mod moving_to_it {}

#[doc = include_str!("guide/links.md")]
/// What the error messages mean, and what to do.
#[doc = include_str!("../docs/guide/troubleshooting.md")]
pub mod troubleshooting {}
