//! Where a tenant is, as far as this process knows. Nothing here depends on checkouts: the type of pool that is opened
//! for a database is a type parameter.

mod databases;
mod known_tenants;
mod listener;
mod readers;
mod remembered;
mod replicas;
mod schemas;

pub use databases::DatabaseLimits;
pub(crate) use databases::{Databases, FindUrl, Pool};
pub(crate) use known_tenants::{KnownTenants, Resolved};
pub(crate) use listener::{CHANNEL, Listener};
pub(crate) use readers::{Readers, ReplicaUrls};
pub(crate) use replicas::Replicas;
pub(crate) use schemas::{Refused, Schemas};
