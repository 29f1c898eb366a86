//! Looks for problems before they cause errors: in the server's settings, the role, a pooler in between, the tenants
//! and their directory; on SQLite, in the folder and its files; on MySQL, in the databases.
//!
//! ```no_run
//! use diesel_tenants::{TenantPool, diagnosis::Severity};
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let report = TenantPool::builder("postgres://localhost/store").diagnose().run().await?;
//! for finding in report.findings.iter().filter(|finding| finding.severity > Severity::Fine) {
//!     println!("{}: {}; {}", finding.check, finding.found, finding.advice.unwrap_or_default());
//! }
//! # Ok(())
//! # }
//! ```

mod causes;
mod error;
mod finding;
#[cfg(feature = "mysql")]
mod mysql;
mod postgres;
mod report;
mod request;
#[cfg(feature = "sqlite")]
mod sqlite;

pub use error::DiagnosisError;
pub use finding::{Check, Finding, Found, Severity};
pub use postgres::{DatabaseInfo, DatabaseState, InspectError, InspectRequest};
pub use report::DiagnosisReport;
pub use request::DiagnosisRequest;
