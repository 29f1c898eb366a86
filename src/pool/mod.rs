//! The pool, and its checkouts: each gives one tenant one connection.
//!
//! A [`TenantPool`] keeps one set of connections for all tenants. A checkout binds one connection to one map until the
//! connection comes back. Nothing is `SET` on the session, so there is nothing to reset, and a transaction-mode pooler
//! in between works.
//!
//! One exception: tenants that share tables. Their id is a session setting, set at checkout and reset before another
//! tenant gets the connection. They need a session without a pooler in between.

mod backend;
pub(crate) mod backends;
mod builder_from;
mod checkouts;
mod connections;
mod deadline;
mod directory_cache;
mod errors;
#[cfg(feature = "metrics")]
mod metrics;
mod options;
mod placement_policy;
mod remembered_directory;
mod routing;
mod schema_size;
mod statistics;
mod tenant_directory;
mod tenant_info;
mod tenant_name;
mod tenant_pool;
mod tenants;
#[cfg(feature = "testing")]
mod test_instrumentation;

pub use backend::{Backend, Postgres};
#[cfg(feature = "blocking")]
pub(crate) use backends::Limits;
pub use backends::{
    AllDatabases, AnotherDatabase, DatabasesError, OWN_DATABASE, TenantPoolBuilder, UnreachableDatabase,
};
#[cfg(feature = "mysql")]
pub use backends::{InvalidMysqlUrl, Mysql, MysqlPoolBuilder, MysqlUrl};
pub(crate) use backends::{ListedTenant, PoolDatabases, Reached, Resident, Unreached};
#[cfg(feature = "sqlite")]
pub use backends::{NotSqliteUrl, Sqlite, SqliteFolder, SqlitePoolBuilder};
pub use builder_from::Database;
#[cfg(feature = "_web")]
pub(crate) use checkouts::{Admitted, SecondConnectionPermit};
pub use checkouts::{Checkout, CheckoutRequest};
pub use connections::PoolStatus;
#[cfg(any(feature = "blocking", feature = "sqlite"))]
pub(crate) use connections::WaitingCheckout;
#[cfg(any(feature = "_web", feature = "blocking"))]
pub(crate) use deadline::Deadline;
#[cfg(feature = "blocking")]
pub(crate) use directory_cache::Resolved;
#[cfg(feature = "mysql")]
pub use errors::MysqlError;
#[cfg(feature = "sqlite")]
pub use errors::SqliteError;
pub use errors::{BuildError, CheckoutError, DatabaseError, Target};
pub use options::{MigrationStatements, Recycling};
pub use placement_policy::PlacementPolicy;
pub use routing::DatabaseLimits;
pub use schema_size::SchemaSize;
pub use statistics::{CheckoutStatistics, DatabaseStatistics, PoolCaches, PoolStatistics};
pub use tenant_directory::TenantDirectory;
pub use tenant_info::TenantInfo;
pub use tenant_pool::TenantPool;
