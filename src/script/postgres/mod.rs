//! Scripts in schemas of PostgreSQL.

mod answer;
mod request;
mod schemas;
mod sessions;
mod transaction;
