//! PostgreSQL testifies by its counters, its catalogs and its log.

mod changes;
mod counters;
mod culprits;
mod observer;
mod recorder;
mod server_log;
mod watch;

pub(super) use watch::Witness;
