//! The library on SQLite: every test has files of its own.

mod connection;
mod files;
mod pool;
mod store_example;
mod synchronous;
mod tables;
mod translation;
