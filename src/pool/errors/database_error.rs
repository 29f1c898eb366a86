use std::time::Duration;

use super::BuildError;

/// Why there is no pool for a database.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DatabaseError {
    /// There is no database of that name.
    #[error(
        "database {database:?} is not declared: add `.database({database:?}, url)` to the pool's builder; declared are \
         {declared:?}"
    )]
    Undeclared {
        /// The name.
        database: String,
        /// The names that are declared, sorted.
        declared: Vec<String>,
    },
    /// The database can't be connected to.
    #[error("can't open database {database:?}")]
    Open {
        /// The name.
        database: String,
        /// Why.
        source: BuildError,
    },
    /// The database's first connection took too long.
    #[error("database {database:?} was not opened within {waited:?}: its server did not answer in time")]
    Slow {
        /// The name.
        database: String,
        /// How long the checkout waited.
        waited: Duration,
    },
    /// All databases that may be open at a time are in use.
    #[error(
        "database {database:?} was not opened within {waited:?}: all {limit} databases that may be open at a time are \
         in use; hold connections for a shorter time, or raise `DatabaseLimits::databases`"
    )]
    TooMany {
        /// The name.
        database: String,
        /// How many databases may be open.
        limit: usize,
        /// How long the checkout waited.
        waited: Duration,
    },
}
