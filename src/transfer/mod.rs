//! One tenant as a stream of bytes: exported from a database, and imported under any name, on any server.
//!
//! ```no_run
//! # async fn run(pool: diesel_tenants::TenantPool, other: diesel_tenants::TenantPool) -> Result<(), Box<dyn std::error::Error>> {
//! let mut file = tokio::fs::File::create("client1.tenant").await?;
//! pool.export_tenant("client1").to(&mut file).await?;
//!
//! let file = tokio::fs::File::open("client1.tenant").await?;
//! other.import_tenant("client2").from(file).await?;
//! # Ok(())
//! # }
//! ```
//!
//! `docs/export-and-import.md` describes the bytes of an export. Don't confuse an export with an
//! [archive](crate::TenantPool::archive_tenant), which is a schema of the same database.

mod export_error;
mod export_request;
mod exported_version;
mod format;
mod format_error;
mod import_error;
mod import_request;
#[cfg(feature = "mysql")]
mod mysql;
mod postgres;
mod reader;
mod report;
#[cfg(feature = "sqlite")]
mod sqlite;
mod writer;

pub use export_error::ExportError;
pub use export_request::ExportRequest;
pub use exported_version::ExportedVersion;
pub use format::FORMAT_VERSION;
pub use format_error::FormatError;
pub use import_error::ImportError;
pub use import_request::ImportRequest;
pub use postgres::{MoveError, MoveReport, MoveRequest};
pub use report::{ExportReport, ImportReport};
