//! The library on SQLite, without a server: every test has files of its own.

mod connection;
mod files;
mod pool;
mod synchronous;
mod tables;
mod translation;
