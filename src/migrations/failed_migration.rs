use std::{error::Error, fmt};

use super::{Direction, OutsideWork, SchemaOwner};

/// A migration that failed: its name, its schema, the place, and what it left behind.
#[derive(Debug, thiserror::Error)]
#[error("migration {name} of {owner} could not be {direction}{place}; {aftermath}{}", blamed(.outside))]
#[non_exhaustive]
pub struct FailedMigration {
    /// The owner of the schema.
    pub owner: SchemaOwner,
    /// The migration's version.
    pub version: String,
    /// The migration's name: version and title.
    pub name: String,
    /// The direction in which it was run.
    pub direction: Direction,
    /// The place in the script, if the server reported it.
    pub place: ScriptPlace,
    /// What the migration left behind.
    pub aftermath: Aftermath,
    /// What the migration does outside the tenant's schema, which another tenant's migration may have done before.
    pub outside: Option<OutsideWork>,
    /// The server's error, or that of a migration written in Rust.
    pub source: Box<dyn Error + Send + Sync>,
}

fn blamed(outside: &Option<OutsideWork>) -> String {
    outside.as_ref().map_or_else(String::new, |work| {
        format!(
            "; it works outside the tenant's schema, where another tenant's migration may have done the same before \
             ({}): move that to the shared migrations",
            work.statements.join("; ")
        )
    })
}

/// The place of an error in a migration's script.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ScriptPlace {
    pub(in crate::migrations) line: Option<(usize, String)>,
}

impl ScriptPlace {
    /// The place of the server's error position, counted in characters from 1.
    pub(super) fn of(script: &str, position: Option<i32>) -> Self {
        let line = position
            .and_then(|position| usize::try_from(position).ok()?.checked_sub(1))
            .map(|characters| {
                let offset = script
                    .char_indices()
                    .nth(characters)
                    .map_or(script.len(), |(offset, _)| offset);
                let number = script[..offset].matches('\n').count() + 1;
                (
                    number,
                    script.lines().nth(number - 1).unwrap_or_default().trim().to_owned(),
                )
            });
        Self { line }
    }

    /// The line's number, counted from 1.
    pub fn line(&self) -> Option<usize> {
        self.line.as_ref().map(|(number, _)| *number)
    }
}

impl fmt::Display for ScriptPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.line {
            Some((number, text)) => write!(f, ", at line {number}: `{text}`"),
            None => Ok(()),
        }
    }
}

/// What a failed migration left behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Aftermath {
    /// Nothing: it ran in a transaction, which was rolled back.
    RolledBack,
    /// Its statements before the failure: it ran outside a transaction.
    Partial,
    /// On MySQL, where definitions commit by themselves: its statements before the failure, each of which is recorded.
    Recorded {
        /// How many statements are applied.
        done: usize,
        /// How many statements it has.
        total: usize,
    },
    /// On MySQL: it is Rust code that had committed something.
    Committed,
    /// On MySQL: the connection was lost, and the next run finds out whether the statement was applied.
    Lost,
    /// It ran in a transaction, and the connection was lost: either the whole migration is applied, with its version
    /// row, or nothing is.
    Unknown,
}

impl fmt::Display for Aftermath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Recorded { done, total } => {
                return write!(
                    f,
                    "{done} of its {total} statements are applied and recorded: correct the failed one, or what it met, \
                     and run the migration again, which goes on there"
                );
            }
            Self::Committed => {
                "it is Rust code that had committed something, as each definition does: undo that, and run it again"
            }
            Self::Lost => {
                "the connection was lost: run the migration again, which finds out whether the statement was applied"
            }
            Self::RolledBack => "the schema is as it was before",
            Self::Unknown => {
                "the connection was lost, so either the whole migration is applied and recorded, or nothing is: run it \
                 again"
            }
            Self::Partial => {
                "it ran outside a transaction, so its statements before the failure stay (and an index that was being \
                 built concurrently stays invalid): undo them, and run it again"
            }
        })
    }
}
