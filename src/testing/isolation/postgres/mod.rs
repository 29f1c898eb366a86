//! PostgreSQL testifies by its counters, its catalogs and its log.

mod changes;
mod counters;
mod observer;
mod server_log;
mod watch;
