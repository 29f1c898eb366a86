//! Every test runs on a real PostgreSQL: the server named by `DATABASE_URL`, or a throw-away one started for the run.
//! Each test has a database of its own.

mod activation;
mod archive_tenant;
mod bad_input;
mod cancellation;
mod catalogs;
mod checkout;
mod chosen_migrations;
mod citus;
mod clone;
mod composites;
mod connection;
mod context;
mod crashes;
mod create_tenant;
mod directory;
mod drift;
mod drop_tenant;
mod dsl;
mod fan_out;
mod fleet;
mod hooks;
mod invalid_indexes;
mod isolation;
mod lifecycle_errors;
mod maps;
#[cfg(feature = "toml")]
mod migration_folder;
mod migration_state;
mod migrations;
mod moving;
mod placements;
mod policies;
mod query;
mod rename_tenant;
mod replicas;
mod rich;
mod runtimes;
mod schema;
mod spares;
mod store;
mod synchronous;
mod tenants;
mod transfer;
mod types;
