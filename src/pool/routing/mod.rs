//! Where a tenant is, as far as this process knows. Nothing here depends on checkouts: the type of pool that is opened
//! for a database is a type parameter.

mod databases;
mod readers;
mod replicas;

pub use databases::DatabaseLimits;
pub(crate) use databases::{Databases, FindUrl, Pool};
pub(crate) use readers::{Readers, ReplicaUrls};
#[cfg(feature = "mysql")]
pub(crate) use replicas::Replica;
pub(crate) use replicas::Replicas;
