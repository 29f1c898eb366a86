//! Migrations of the shared schema, and separate migrations of each tenant's schema.
//!
//! Migrations are Diesel's own: folders of `up.sql` and `down.sql`, embedded by `embed_migrations!` or read from disk,
//! or Rust code. Shared migrations (by convention in `migrations/`) run in the shared schema, tenants' migrations (in
//! `tenant_migrations/`) in every tenant's schema. Each schema has Diesel's table of applied versions,
//! `__diesel_schema_migrations`, which the `diesel` command can read too.
//!
//! ```no_run
//! # use diesel_tenants::TenantPool;
//! use diesel_migrations::FileBasedMigrations;
//!
//! # async fn run(pool: TenantPool) -> Result<(), Box<dyn std::error::Error>> {
//! pool.migrate_shared(FileBasedMigrations::from_path("migrations")?).await?;
//! pool.create_tenant("client1", FileBasedMigrations::from_path("tenant_migrations")?).await?;
//! for version in pool.migrate_tenant("client1", FileBasedMigrations::from_path("tenant_migrations")?).await? {
//!     println!("applied {version}");
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Each migration and its version row are one transaction, under an advisory lock on the schema. If two deployments run
//! at the same time, one waits. A failure leaves the schema as it was before that migration. Within a migration, and
//! only there, the search_path is the schema and the
//! [extensions' schemas](crate::TenantPoolBuilder::extension_schemas), so that raw DDL needs no schema names. Tenants'
//! migrations name shared tables in full: `REFERENCES public.users`.
//!
//! Each migration starts as if on a new connection. Nothing carries over from one migration to the next, of the same
//! tenant or another: no setting, role, prepared statement, cursor, temporary table, advisory lock or value of
//! `lastval()`.
//!
//! A tenant's migration should not work outside the tenant's schema: the first tenant's migration would do that work
//! for all tenants, and the second tenant's migration would find it done. Statements that do so are reported, see
//! [`OutsideWork`], or refused, if [the pool is told to](crate::TenantPoolBuilder::refuse_outside_work).
//!
//! A migration with `run_in_transaction = false` in its `metadata.toml` (for `CREATE INDEX CONCURRENTLY`) is sent
//! statement by statement. If it fails, its earlier statements stay, as PostgreSQL can't undo them. It needs a session
//! of its own. Behind a pooler in transaction mode, set a [`migration_url`](crate::TenantPoolBuilder::migration_url)
//! that bypasses the pooler.
//!
//! Migrations don't block the runtime; a current-thread runtime suffices. Migrations written in Rust run on Tokio's
//! blocking threads, see [`BlockingConnection`].

mod failed_migration;
mod fleet;
mod migration_error;
#[cfg(feature = "mysql")]
mod mysql;
mod outside_work;
mod postgres;
mod revert;
mod schema_owner;
mod shared_versions;
pub(crate) mod source;
#[cfg(feature = "sqlite")]
mod sqlite;

pub use crate::backend::migration_sql::Direction;
pub use crate::migrations::source::chosen::{ChosenMigrations, NoMigrations};
#[cfg(feature = "toml")]
pub use crate::migrations::source::folder::MigrationFolder;
#[cfg(feature = "toml")]
pub use crate::migrations::source::folder_error::MigrationFolderError;
pub use crate::migrations::source::source_error::MigrationSourceError;
pub use failed_migration::{Aftermath, FailedMigration, ScriptPlace};
pub use fleet::{
    ChangedMigration, FleetError, FleetEvent, FleetMigration, FleetReport, FleetStatus, MigrationStatusRequest,
    TenantOutcome, TenantReport, TenantVersions,
};
pub use migration_error::MigrationError;
#[cfg(feature = "mysql")]
pub(crate) use mysql::of_life;
pub use outside_work::OutsideWork;
pub use postgres::{
    BlockingConnection, DatabaseReport, DatabaseStatus, DatabasesEvent, DatabasesMigration, DatabasesReport,
    DatabasesStatus, DatabasesStatusRequest, SharedReport, left_on_session, outside_work,
};
pub(crate) use postgres::{Body, Plan, Runner, Script};
pub use revert::Revert;
pub use schema_owner::SchemaOwner;
pub use shared_versions::SharedVersions;
