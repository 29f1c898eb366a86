use std::fmt;

use crate::{Placement, SchemaName, pool::UnreachableDatabase};

/// Which tenants to move, so that the databases hold about as many bytes each. See
/// [`AllDatabases::balance`](crate::pool::AllDatabases::balance).
#[derive(Debug)]
#[must_use = "a plan moves nothing: `move_tenant` does"]
#[non_exhaustive]
pub struct BalancePlan {
    /// The databases, now and after the moves: the pool's own first, the others sorted by name.
    pub databases: Vec<DatabaseLoad>,
    /// The moves, in the order in which they even out most.
    pub moves: Vec<PlannedMove>,
    /// The tenants that can't or must not be moved, the largest first; without those that share tables.
    pub staying: Vec<StayingTenant>,
}

impl BalancePlan {
    /// How many bytes all moves copy.
    pub fn bytes(&self) -> u64 {
        self.moves.iter().map(|step| step.bytes).sum()
    }

    /// Whether each database that takes part is within the tolerance after the moves. If it is not, the tenants that may
    /// move don't suffice, or the moves are limited.
    pub fn is_even(&self) -> bool {
        self.databases.iter().all(|load| load.is_even || !load.takes_part)
    }
}

/// How much a database holds.
#[derive(Debug)]
#[non_exhaustive]
pub struct DatabaseLoad {
    /// The database's name; [`main`](crate::pool::OWN_DATABASE) is the pool's own.
    pub database: String,
    /// Why the database was left out, if it could not be reached.
    pub unreachable: Option<UnreachableDatabase>,
    /// Whether tenants are moved from here or to here. A database that belongs to one tenant does not take part, nor
    /// does the pool's own if no tenant lives there and it was not chosen by name.
    pub takes_part: bool,
    /// How many tenants with a schema of their own live here.
    pub tenants: usize,
    /// How many bytes these tenants' tables take on disk, with their indexes. Shared tables, archives and spares don't
    /// count.
    pub bytes: u64,
    /// How many bytes that would be after the moves.
    pub bytes_after: u64,
    /// Whether this is within the tolerance.
    pub is_even: bool,
}

/// A move, with what it costs.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PlannedMove {
    /// The tenant.
    pub tenant: SchemaName,
    /// Where the tenant lives.
    pub from: Placement,
    /// Where to move the tenant; the place for [`move_tenant`](crate::TenantPool::move_tenant).
    pub to: Placement,
    /// How many tables the tenant has, with partitions and the table of its migrations.
    pub tables: u64,
    /// How many bytes these take on disk, with their indexes.
    pub bytes: u64,
    /// About how many rows: what the server's statistics say.
    pub rows: u64,
}

/// A tenant that stays where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StayingTenant {
    /// The tenant.
    pub tenant: SchemaName,
    /// Where the tenant lives.
    pub database: String,
    /// How many bytes its tables take on disk.
    pub bytes: u64,
    /// Why it stays.
    pub reason: StayReason,
}

/// Why a tenant is not moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum StayReason {
    /// It [is to stay](super::BalanceRequest::keep).
    Kept,
    /// It is suspended.
    Suspended,
    /// It is being created or dropped.
    Unfinished,
    /// Its schema is the shared schema of its database.
    OwnDatabase,
    /// A table has no primary key, so it can't be copied while it is written to.
    NoPrimaryKey,
    /// The database has no such schema. After an interrupted move to another place, the same call of
    /// [`move_tenant`](crate::TenantPool::move_tenant) finishes that move.
    Missing,
    /// Its database belongs to another tenant, or was not chosen, so that nothing moves from there.
    NotTakingPart,
}

impl fmt::Display for StayReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Kept => "is to stay",
            Self::Suspended => "is suspended",
            Self::Unfinished => "is being created or dropped",
            Self::OwnDatabase => "has its database for itself",
            Self::NoPrimaryKey => "has a table without a primary key",
            Self::Missing => {
                "has no schema there; if a move was interrupted, the same call of `move_tenant` finishes it"
            }
            Self::NotTakingPart => "lives in a database that takes no part",
        })
    }
}
