//! Every test runs on a real PostgreSQL: the server named by `DATABASE_URL`, or a throw-away one started for the run.
//! Each test has a database of its own.

mod bad_input;
mod cancellation;
mod catalogs;
mod checkout;
mod clone;
mod composites;
mod connection;
mod crashes;
mod create_tenant;
mod drift;
mod dsl;
mod isolation;
mod maps;
mod migrations;
mod query;
mod rich;
mod schema;
mod store;
mod types;
