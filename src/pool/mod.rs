//! Checkouts: which tenant, on which connection.
//!
//! A [`TenantPool`] keeps one set of connections for all tenants. A checkout binds one connection to one map until the
//! connection comes back. Nothing is `SET` on the session, so there is nothing to reset, and a transaction-mode pooler
//! in between works.
//!
//! One exception: tenants that share tables. Their id is a session setting, set at checkout and cleared before anybody
//! else gets the connection. They need a session without a pooler in between.

#[cfg(feature = "_web")]
mod admission;
mod builder;
mod checkout;
mod databases;
mod deadline;
mod directory_tables;
mod errors;
mod fan_out;
mod listen;
mod manager;
mod options;
mod readers;
mod remembered;
mod replicas;
mod request;
mod resolve;
mod rows;
mod schemas;
#[cfg(feature = "schema")]
mod scratch;
mod shares;
mod statements;
mod tenant_pool;
mod tenants;

#[cfg(feature = "_web")]
pub(crate) use admission::{Admitted, Turn};
pub use builder::{Recycling, TenantPoolBuilder};
pub use checkout::Checkout;
pub use databases::{DatabaseError, DatabaseLimits};
#[cfg(feature = "_web")]
pub(crate) use deadline::Deadline;
pub use directory_tables::DirectoryUnusable;
pub(crate) use directory_tables::{FoundDirectory, MADE as DIRECTORY_MADE};
pub use errors::{BuildError, CheckoutError, Target};
pub use fan_out::{EachTenant, FailedTenant, FanOut, FanOutError};
pub use request::CheckoutRequest;
pub(crate) use resolve::canonical_domain;
pub use statements::MigrationStatements;
pub use tenant_pool::{AnotherDatabase, PoolStatus, TenantPool};
pub(crate) use tenants::ListedTenant;
pub use tenants::Tenant;
