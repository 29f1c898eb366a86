use std::time::Duration;

use crate::SchemaName;

/// The result of a move.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct MoveReport {
    /// Whether the tenant lived there already. Then nothing was copied, and only what an earlier move had left was
    /// tidied up.
    pub already_there: bool,
    /// How many tables, including the version table and partitions.
    pub tables: usize,
    /// How many rows the first copy had.
    pub rows: u64,
    /// How many changes were made during the copy and replayed.
    pub changes: u64,
    /// How long writes were locked out.
    pub paused: Duration,
    /// The archive at the old place, unless it was dropped.
    pub archive: Option<SchemaName>,
    /// What failed after the switch, with the server's reason. The tenant is in service nevertheless. Foreign keys that
    /// could not be checked are checked when the call is repeated. An archive that could not be dropped must be dropped
    /// by hand.
    pub left: Vec<String>,
}
