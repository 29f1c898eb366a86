//! All databases of a pool at once: which they are, whether they can be reached, and who lives there.

mod all_databases;
mod databases_error;
mod reach;
mod residents;

pub use all_databases::{AllDatabases, OWN_DATABASE};
pub use databases_error::{DatabasesError, UnreachableDatabase};
pub(crate) use reach::{PoolDatabases, Reached, Unreached};
pub(crate) use residents::Resident;
