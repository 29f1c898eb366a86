//! Diesel without async: its own connections under a map, and the pool of them.

mod connection;
mod posts;
#[cfg(feature = "sqlite")]
mod sqlite;
mod store;
mod transactions;
mod types;
