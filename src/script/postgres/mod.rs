//! Scripts in schemas of PostgreSQL.

mod answer;
mod request;
mod sessions;
mod transaction;
