//! Diesel without async: its own connections under a map, and the pool of them.

mod both;
mod connection;
#[cfg(feature = "sqlite")]
mod files;
mod pool;
mod posts;
mod returned;
#[cfg(feature = "sqlite")]
mod sqlite;
mod store;
mod tenants;
mod transactions;
mod types;
mod web;
