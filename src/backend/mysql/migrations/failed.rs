use std::{error::Error, fmt};

use crate::backend::migration_sql::{
    Direction,
    line::{Line, at},
};

/// A migration that failed while it ran.
#[derive(Debug, thiserror::Error)]
#[error("migration {name} could not be {direction}{}; {aftermath}", at(.line))]
pub(crate) struct Failed {
    pub(crate) version: String,
    /// Version and title.
    pub(crate) name: String,
    pub(crate) direction: Direction,
    pub(crate) line: Option<Line>,
    pub(crate) aftermath: MysqlAftermath,
    pub(crate) source: Box<dyn Error + Send + Sync>,
}

/// What a failed migration left behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MysqlAftermath {
    /// Nothing: it was one transaction, or its first statement failed.
    RolledBack,
    /// Its statements before the failed one, each of which is recorded.
    Recorded { done: usize, total: usize },
    /// Something that nobody recorded: it was Rust code outside a transaction, or that made definitions.
    Committed,
    /// The connection was lost.
    Lost,
}

impl fmt::Display for MysqlAftermath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RolledBack => f.write_str("the database is as it was before"),
            Self::Recorded { done, total } => write!(
                f,
                "{done} of its {total} statements are applied and recorded: correct the failed one, or what it met, and \
                 run the migration again, which goes on there"
            ),
            Self::Committed => f.write_str(
                "it is Rust code that had committed something, as each definition does: undo that, and run it again",
            ),
            Self::Lost => f.write_str(
                "the connection was lost: run the migration again, which finds out whether the statement was applied",
            ),
        }
    }
}
