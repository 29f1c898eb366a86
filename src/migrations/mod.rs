//! Migrations of the shared schema and of each tenant's, apart.
//!
//! Migrations are Diesel's own: folders of `up.sql` and `down.sql`, embedded by `embed_migrations!` or read from disk, or
//! Rust code. Shared ones (by custom in `migrations/`) run in the shared schema, tenants' (`tenant_migrations/`) in every
//! tenant's. Which were applied is kept in Diesel's table, `__diesel_schema_migrations`, one in each schema, so that the
//! `diesel` command reads it too.
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
//! Each migration and its version row are one transaction, under an advisory lock on the schema: of two deployers one
//! waits, and a failure leaves the schema as it was before that migration. Inside, and only there, the search_path is set:
//! to the schema and the [extensions' schemas](crate::TenantPoolBuilder::extension_schemas), so that raw DDL needs no
//! schema names. Tenants' migrations name shared tables in full: `REFERENCES public.users`.
//!
//! Each migration starts as on a connection of its own. Nothing of one reaches the next, be that the same tenant's or
//! another's: no setting, role, prepared statement, cursor, temporary table, advisory lock or value of `lastval()`.
//!
//! A tenant's migration has no business outside of the tenant's schema: the first tenant's would do it for all, and the second one's find
//! it there. What does so by its text is named, see [`OutsideWork`], or refused, if
//! [that is asked for](crate::TenantPoolBuilder::refuse_outside_work).
//!
//! A migration with `run_in_transaction = false` in its `metadata.toml` (for `CREATE INDEX CONCURRENTLY`) is sent statement
//! by statement. If it fails, what it did before stays, as PostgreSQL can't take it back. It needs a session of its own, so
//! behind a pooler in transaction mode it needs a [`migration_url`](crate::TenantPoolBuilder::migration_url) that leads past.
//!
//! Nothing blocks the runtime, and a current-thread runtime will do. Migrations written in Rust run on Tokio's blocking
//! threads, see [`BlockingConnection`].

mod checksum;
mod errors;
mod execute;
mod fleet;
#[cfg(feature = "toml")]
mod folder;
#[cfg(feature = "toml")]
mod folder_errors;
mod invalid;
mod lock;
mod operations;
mod outside;
mod recorder;
mod reset;
mod runner;
mod script;
mod shared;
mod sources;
pub(crate) mod text;
mod traces;

pub use errors::{Aftermath, Direction, FailedMigration, MigrationError, MigrationSourceError, Place, SchemaOwner};
pub use execute::BlockingConnection;
pub use fleet::{
    ChangedMigration, FleetError, FleetEvent, FleetMigration, FleetReport, FleetStatus, TenantOutcome, TenantReport,
    TenantVersions,
};
#[cfg(feature = "toml")]
pub use folder::MigrationFolder;
#[cfg(feature = "toml")]
pub use folder_errors::MigrationFolderError;
pub use operations::Revert;
pub use outside::{OutsideWork, left_on_session, outside_work};
pub(crate) use reset::RESET;
pub(crate) use runner::Runner;
pub(crate) use script::{Body, Plan, Script};
pub use shared::SharedVersions;
pub use sources::{ChosenMigrations, NoMigrations};
