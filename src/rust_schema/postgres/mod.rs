//! Declarations of tables of PostgreSQL.

mod extensions;
mod request;
mod scratch;
