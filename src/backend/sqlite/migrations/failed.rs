use std::error::Error;

use crate::backend::migration_sql::{
    Direction,
    line::{Line, at},
};

/// A migration that failed while it ran.
#[derive(Debug, thiserror::Error)]
#[error("migration {name} could not be {direction}{}{}{}", at(.line), aftermath(*.in_transaction), advised(.advice))]
pub(crate) struct Failed {
    pub(crate) version: String,
    /// Version and title.
    pub(crate) name: String,
    pub(crate) direction: Direction,
    pub(crate) line: Option<Line>,
    /// Whether all that it did was undone.
    pub(crate) in_transaction: bool,
    /// What to do, where SQLite's message does not show it.
    pub(crate) advice: Option<String>,
    pub(crate) source: Box<dyn Error + Send + Sync>,
}

fn aftermath(in_transaction: bool) -> &'static str {
    match in_transaction {
        true => "; the file is as it was before",
        false => {
            "; it ran outside a transaction, so its statements before the failure stay: undo them, and run it again"
        }
    }
}

fn advised(advice: &Option<String>) -> String {
    advice.as_ref().map_or_else(String::new, |advice| format!("; {advice}"))
}
