use diesel_tenants::{
    balance::PlannedMove,
    transfer::{MoveError, MoveReport},
};

use super::database;
use crate::output::word;

/// What became of a planned move.
pub(super) enum Outcome {
    Pending,
    Moved(MoveReport),
    Failed(MoveError),
}

impl Outcome {
    /// Whether a move is left half done between the two databases, so that nobody can use the tenant.
    pub(super) fn is_half_done(&self) -> bool {
        matches!(
            self,
            Self::Failed(MoveError::Untold { .. } | MoveError::Interrupted { .. })
        )
    }

    /// Whether only the same move finishes what this one left, or removes it. A new plan doesn't contain it.
    pub(super) fn is_to_be_repeated(&self) -> bool {
        match self {
            Self::Pending | Self::Failed(MoveError::Elsewhere { .. } | MoveError::Suspended { .. }) => false,
            Self::Failed(_) => true,
            Self::Moved(report) => !report.left.is_empty(),
        }
    }
}

/// The command that makes the same move.
pub(super) fn repetition(step: &PlannedMove, drops_source: bool) -> String {
    let mut to = database(&step.to).to_owned();
    if let Some(schema) = step.to.schema_name().filter(|schema| **schema != step.tenant) {
        to += &format!(":{schema}");
    }
    let option = if drops_source { " --drop-source" } else { "" };
    format!(
        "diesel-tenants tenant move {} {}{option}",
        word(step.tenant.as_str()),
        word(&to)
    )
}
