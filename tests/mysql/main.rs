//! The library on MySQL and MariaDB: all tests share one server, and each has tenants of its own.

mod adoption;
mod cancellation;
mod checkouts;
mod diagnosis;
mod directory;
mod directory_owners;
mod drift;
#[cfg(feature = "axum")]
mod example;
mod galera;
mod isolation;
mod many_tenants;
mod names;
mod other_processes;
mod placements;
mod replicas;
mod runtimes;
mod script;
mod servers;
mod session_state;
mod statements;
mod store;
mod tables;
#[cfg(feature = "mysql-rustls")]
mod tls;
#[cfg(feature = "axum")]
#[path = "../web/transcript.rs"]
mod transcript;
mod transfer;
mod undone_transactions;
mod way;
#[cfg(feature = "axum")]
mod web;
