//! The kit for users' tests, on a real server: each test has a database copied from a template, which is how users are
//! to work with it.

mod guide;
mod isolation;
#[cfg(feature = "mysql")]
mod mysql;
#[cfg(feature = "sqlite")]
mod sqlite;
mod store;
mod templates;
mod transactions;
#[cfg(all(feature = "actix", feature = "axum", feature = "rocket"))]
mod web;
