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

mod export;
mod export_error;
mod export_head;
mod export_request;
mod format;
mod format_error;
mod import;
mod import_error;
mod moving;
#[cfg(feature = "mysql")]
mod mysql;
mod reader;
mod rows;
mod source;
#[cfg(feature = "sqlite")]
mod sqlite;
mod target;
mod transactions;
mod writer;

pub use export::ExportReport;
pub use export_error::ExportError;
pub use export_head::ExportedVersion;
pub use export_request::ExportRequest;
pub use format::FORMAT_VERSION;
pub use format_error::FormatError;
pub use import::{ImportReport, ImportRequest};
pub use import_error::ImportError;
pub use moving::{MoveError, MoveReport, MoveRequest};
