//! Guides, one page a topic: from the first service to a fleet of servers.
//!
//! Their code is compiled by the library's tests, and their links are checked by the compiler. What a page only touches
//! is told in full where it links to.
//!
//! | page | what it is about |
//! |---|---|
//! | [`first_service`] | a service in which each tenant sees its own rows |
//! | [`domains_and_sign_up`] | subdomains, customers' own domains, and a sign-up that is all or nothing |
//! | [`tests`] | tests that fail when one tenant reaches another |
//! | [`migrations_without_downtime`] | changing tables while old and new code run |
//! | [`deployment`] | containers, the migration job, health, TLS, poolers, secrets, shutting down |
//! | [`background_jobs`] | the tenant of a job, queues, work for all tenants |
//! | [`caches_and_files`] | whatever else must be kept by tenant |
//! | [`signals`] | figures, metrics and spans |
//! | [`growing`] | shards, Citus, read replicas, and when to use them |
//! | [`moving_to_it`] | from `search_path`, from a database for each tenant, from django-tenants and Apartment |
//! | [`troubleshooting`] | what the error messages mean, and what to do |

#[doc = include_str!("../docs/guide/first-service.md")]
pub mod first_service {}

#[doc = include_str!("../docs/guide/domains-and-sign-up.md")]
pub mod domains_and_sign_up {}

#[doc = include_str!("../docs/guide/tests.md")]
pub mod tests {}

#[doc = include_str!("../docs/guide/migrations-without-downtime.md")]
pub mod migrations_without_downtime {}

#[doc = include_str!("../docs/guide/deployment.md")]
pub mod deployment {}

#[doc = include_str!("../docs/guide/background-jobs.md")]
pub mod background_jobs {}

#[doc = include_str!("../docs/guide/caches-and-files.md")]
pub mod caches_and_files {}

#[doc = include_str!("../docs/guide/signals.md")]
pub mod signals {}

#[doc = include_str!("../docs/guide/growing.md")]
pub mod growing {}

#[doc = include_str!("../docs/guide/moving-to-it.md")]
pub mod moving_to_it {}

#[doc = include_str!("../docs/guide/troubleshooting.md")]
pub mod troubleshooting {}
