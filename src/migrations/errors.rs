use std::{error::Error, fmt, time::Duration};

use super::OutsideWork;
use crate::{ConnectError, SchemaName, SchemaNameError, backend::postgres::quote::identifier};

/// The owner of a schema that is migrated.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SchemaOwner {
    /// One tenant.
    Tenant(SchemaName),
    /// All tenants: the shared schema.
    Shared(SchemaName),
}

impl SchemaOwner {
    /// The schema.
    pub fn schema(&self) -> &SchemaName {
        match self {
            Self::Tenant(schema) | Self::Shared(schema) => schema,
        }
    }
}

impl SchemaOwner {
    /// Makes an error of one of the library's own statements.
    pub(super) fn failed(&self) -> impl Fn(diesel::result::Error) -> MigrationError {
        |source| MigrationError::Versions {
            owner: self.clone(),
            source,
        }
    }

    /// Makes an error of migrations that can't be used.
    pub(super) fn unusable(&self) -> impl FnOnce(MigrationSourceError) -> MigrationError {
        |source| MigrationError::Source {
            owner: self.clone(),
            source,
        }
    }

    /// What to do when the schema is missing.
    fn remedy(&self) -> &'static str {
        match self {
            Self::Tenant(_) => "`create_tenant` makes a tenant's",
            Self::Shared(_) => "make it by CREATE SCHEMA, or name another by `shared_schema`",
        }
    }
}

impl fmt::Display for SchemaOwner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tenant(schema) => write!(f, "tenant {:?}", schema.as_str()),
            Self::Shared(schema) => write!(f, "the shared schema {:?}", schema.as_str()),
        }
    }
}

/// The direction in which a migration is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Applied: `up.sql`.
    Up,
    /// Reverted: `down.sql`.
    Down,
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Up => "applied",
            Self::Down => "reverted",
        })
    }
}

/// Why a schema could not be migrated. Migrations before the failed one stay applied.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MigrationError {
    /// No schema can have that name.
    #[error("can't migrate a tenant")]
    InvalidName(#[from] SchemaNameError),
    /// The migrations themselves can't be used.
    #[error("can't migrate {owner}")]
    Source {
        /// The owner of the schema.
        owner: SchemaOwner,
        /// What is wrong with them.
        source: MigrationSourceError,
    },
    /// The tenant's schema does not exist.
    #[error("can't migrate {owner}: there is no such schema in the database; {}", .owner.remedy())]
    UnknownSchema {
        /// The owner of the schema.
        owner: SchemaOwner,
    },
    /// No connection could be made.
    #[error("can't connect to migrate {owner}")]
    Connect {
        /// The owner of the schema.
        owner: SchemaOwner,
        /// The reason.
        source: ConnectError,
    },
    /// Another migration of the same schema did not end in time.
    #[error(
        "another migration of {owner} was still running after {waited:?}: try again, or see who holds the advisory lock"
    )]
    Locked {
        /// The owner of the schema.
        owner: SchemaOwner,
        /// How long the migration waited.
        waited: Duration,
    },
    /// A migration failed.
    #[error(transparent)]
    Failed(Box<FailedMigration>),
    /// A migration runs outside of a transaction, and a pooler may be between the library and the server.
    #[error(
        "migration {name} of {owner} doesn't run in a transaction, so it needs a session of its own, which a pooler in \
         between may not give: name a way past it by `migration_url`"
    )]
    NeedsSession {
        /// The owner of the schema.
        owner: SchemaOwner,
        /// The migration's name.
        name: String,
    },
    /// PostgreSQL could not build an index that the migration names, now or at an earlier attempt. The index is
    /// invalid.
    #[error(
        "migration {name} of {owner} isn't recorded as applied: PostgreSQL could not build {}, and keeps it as invalid, so that \
         no query uses it, and no row is held to be unique by it. Mend what keeps it from being built (such as rows twice), drop \
         it by {}, and run the migration again",
        listed(.owner, .indexes), dropping(.owner, .indexes)
    )]
    InvalidIndexes {
        /// The owner of the schema.
        owner: SchemaOwner,
        /// The migration's name.
        name: String,
        /// The indexes.
        indexes: Vec<String>,
    },
    /// A tenant's migration would work outside of its schema, which the pool refuses.
    #[error(
        "{work}: this works outside of the schema of {owner}, for all tenants, and was refused; move it to the shared migrations, or \
         name nothing by a schema, so that it becomes the tenant's own"
    )]
    OutsideWork {
        /// The owner of the schema.
        owner: SchemaOwner,
        /// What the migration would do.
        work: OutsideWork,
    },
    /// A version is recorded as applied, but the source has no migration of that version to revert it.
    #[error("can't revert version {version} of {owner}: no migration given has that version")]
    UnknownVersion {
        /// The owner of the schema.
        owner: SchemaOwner,
        /// The version in the schema's version table.
        version: String,
    },
    /// The library's own statements failed: reading versions, locking, recording.
    #[error("can't read or write the versions applied to {owner}")]
    Versions {
        /// The owner of the schema.
        owner: SchemaOwner,
        /// What the server answered.
        source: diesel::result::Error,
    },
}

fn blamed(outside: &Option<OutsideWork>) -> String {
    outside.as_ref().map_or_else(String::new, |work| {
        format!(
            "; it works outside of the tenant's schema, where another tenant's may have done the same before ({}): that belongs to the \
             shared migrations",
            work.statements.join("; ")
        )
    })
}

fn qualified(owner: &SchemaOwner, index: &str) -> String {
    format!("{}.{}", owner.schema().quoted(), identifier(index))
}

fn listed(owner: &SchemaOwner, indexes: &[String]) -> String {
    let names: Vec<String> = indexes.iter().map(|index| qualified(owner, index)).collect();
    format!("the index {}", names.join(", "))
}

fn dropping(owner: &SchemaOwner, indexes: &[String]) -> String {
    let drop = |index: &String| format!("`DROP INDEX CONCURRENTLY {}`", qualified(owner, index));
    indexes.iter().map(drop).collect::<Vec<_>>().join(", ")
}

/// What is wrong with a set of migrations, whatever schema they are for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MigrationSourceError {
    /// The migrations can't be read.
    #[error("can't read the migrations")]
    Unreadable(#[source] Box<dyn Error + Send + Sync>),
    /// Two migrations have the same version.
    #[error("two migrations have the version {version}: give one of them another")]
    DuplicateVersion {
        /// The version.
        version: String,
    },
    /// A migration has disappeared since the migrations were listed.
    #[error("migration {version} is gone from its source")]
    Gone {
        /// The version.
        version: String,
    },
    /// A migration that runs in a transaction ends that transaction.
    #[error(
        "migration {name} says {keyword}, but it runs in a transaction together with its version row: remove it, or put \
         `run_in_transaction = false` in its metadata.toml"
    )]
    TransactionControl {
        /// The migration's name.
        name: String,
        /// The statement's first word.
        keyword: String,
    },
    /// A migration to be reverted has no usable `down.sql`. Nothing was reverted.
    #[error("migration {name} can't be reverted, and nothing was: {reason}")]
    Irreversible {
        /// The migration's name.
        name: String,
        /// What is wrong with its `down.sql`.
        reason: String,
    },
}

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
    /// The place in the script, if the server told it.
    pub place: Place,
    /// What it left behind.
    pub aftermath: Aftermath,
    /// What it does outside of the tenant's schema, which another tenant's migration may have done before.
    pub outside: Option<OutsideWork>,
    /// The server's error, or that of a migration written in Rust.
    pub source: Box<dyn Error + Send + Sync>,
}

/// The place of an error in a migration's script.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Place {
    pub(super) line: Option<(usize, String)>,
}

impl Place {
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

impl fmt::Display for Place {
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
    /// Its statements before the failure: it ran outside of a transaction.
    Partial,
    /// It ran in a transaction, and the connection was lost: either all of it is done, with its version row, or
    /// nothing.
    Unknown,
}

impl fmt::Display for Aftermath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::RolledBack => "the schema is as it was before",
            Self::Unknown => {
                "the connection was lost, so that it was done with its version row, or not at all: run it again"
            }
            Self::Partial => {
                "it ran outside of a transaction, so that its statements before the failure stay (and an index that was \
                 being built concurrently stays invalid): undo them, and run it again"
            }
        })
    }
}
