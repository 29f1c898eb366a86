use std::{error::Error, fmt};

use crate::pool::CheckoutError;

/// Why nothing was done in any of a pool's databases.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DatabasesError {
    /// The directory, which says where tenants live, could not be asked.
    #[error("can't find out from the directory where the tenants live")]
    Directory(#[source] Box<CheckoutError>),
    /// A chosen database does not exist.
    #[error("there is no database {database:?}; there are {known:?}")]
    Unknown {
        /// The name.
        database: String,
        /// The names that exist, sorted.
        known: Vec<String>,
    },
    /// Some databases can't be reached.
    #[error("can't reach {}", listed(.databases))]
    Unreachable {
        /// The databases, sorted by name.
        databases: Vec<UnreachableDatabase>,
    },
    /// Two names lead to one database.
    #[error(
        "{first:?} and {second:?} are one database: remove one of the two names, and correct the rows of the directory \
         that have it; a standby server is a replica, not a database of its own"
    )]
    SameDatabase {
        /// One name.
        first: String,
        /// The other name.
        second: String,
    },
    /// A database accepts no writes, because its server is a standby.
    #[error("the server of database {database:?} is a standby, which accepts no writes: give the URL of its primary")]
    ReadOnly {
        /// The database.
        database: String,
    },
    /// A server refused a query.
    #[error("can't read what database {database:?} is")]
    Read {
        /// The database.
        database: String,
        /// The server's error.
        source: diesel::result::Error,
    },
}

/// A database that can't be reached.
#[derive(Debug)]
#[non_exhaustive]
pub struct UnreachableDatabase {
    /// The database.
    pub database: String,
    /// Why.
    pub reason: Box<dyn Error + Send + Sync>,
    /// How many tenants live there, as far as the directory knows.
    pub tenants: usize,
}

impl fmt::Display for UnreachableDatabase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            database,
            reason,
            tenants,
        } = self;
        write!(f, "database {database:?}")?;
        match tenants {
            0 => f.write_str(" (")?,
            1 => f.write_str(", where 1 tenant lives (")?,
            tenants => write!(f, ", where {tenants} tenants live (")?,
        }
        // For many databases there is no single source.
        write!(f, "{reason}")?;
        let mut cause = reason.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        f.write_str(")")
    }
}

fn listed(databases: &[UnreachableDatabase]) -> String {
    let all: Vec<String> = databases.iter().map(ToString::to_string).collect();
    all.join("; ")
}
