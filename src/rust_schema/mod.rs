//! `schema.rs` for tenants: shared tables with their schema, tenants' tables without one.
//!
//! ```no_run
//! # async fn run(pool: diesel_tenants::TenantPool) -> Result<(), Box<dyn std::error::Error>> {
//! use diesel_migrations::FileBasedMigrations;
//!
//! let shared = FileBasedMigrations::from_path("migrations")?;
//! let tenant = FileBasedMigrations::from_path("tenant_migrations")?;
//! let schema = pool.rust_schema().from_migrations(shared, tenant).await?;
//! schema.write("src/schema")?; // shared.rs and tenant.rs
//! for warning in schema.warnings() {
//!     eprintln!("{warning}");
//! }
//! # Ok(())
//! # }
//! ```
//!
//! In a test, for CI:
//!
//! ```no_run
//! # use diesel_tenants::rust_schema::RustSchema;
//! # fn check(schema: RustSchema) -> Result<(), Box<dyn std::error::Error>> {
//! let outdated = schema.check("src/schema")?;
//! assert!(outdated.is_empty(), "{}", outdated[0]); // a unified diff
//! # Ok(())
//! # }
//! ```
//!
//! # Why not `diesel print-schema`
//!
//! Its inference is part of a command, not of a library: the command would have to be installed, with libpq, and run
//! once for each schema. It prints the opposite of what tenants need (`public` unqualified, any other schema pinned),
//! has no foreign keys across schemas, and declares a shared type again in each schema. So the crate reads the
//! catalogs itself, by four queries. Names, types and layout are those that the command would print, and the attributes
//! are those of `table!`. The crate's own reader of structures (for drift and clones) yields DDL statements, so it is
//! no use here.

mod declare;
mod files;
mod found;
#[cfg(feature = "mysql")]
mod mysql;
mod mysql_type;
mod names;
mod options;
mod postgres;
mod postgres_type;
mod rust_schema_error;
mod rust_schema_request;
mod sql_type;
#[cfg(feature = "sqlite")]
mod sqlite;
mod sqlite_type;
mod warning;
mod write;

pub use files::{OutdatedFile, RustSchema};
pub use options::AllowTogether;
pub use rust_schema_error::{RustSchemaError, SchemaFileError};
pub use rust_schema_request::RustSchemaRequest;
pub use warning::{SchemaWarning, Side};
