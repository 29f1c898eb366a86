use std::error::Error;

use diesel_tenants_translate::{SchemaName, TranslateError};

use super::Failed;
use crate::backend::mysql::{SessionError, quote};

/// Why a database could not be migrated. Migrations before the failed one stay applied.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MigrationProblem {
    #[error("can't read the migrations")]
    Unreadable(#[source] Box<dyn Error + Send + Sync>),
    #[error("two migrations have the version {version}: give one of them another version")]
    DuplicateVersion { version: String },
    /// A statement that no migration may have.
    #[error("migration {name}, at line {line}: {statement} {reason}")]
    Refused {
        name: String,
        line: usize,
        /// The statement's first words.
        statement: String,
        reason: String,
    },
    #[error("migration {name} can't be read")]
    NotUnderstood { name: String, source: TranslateError },
    #[error("migration {name} can't be reverted, and nothing was reverted: {reason}")]
    Irreversible { name: String, reason: String },
    #[error("can't revert version {version}: none of the given migrations has that version")]
    UnknownVersion { version: String },
    /// There is no tenant of that name, or it is not to be migrated.
    #[error("there is no tenant {:?}", .database.as_str())]
    Missing { database: SchemaName },
    #[error(transparent)]
    Failed(Box<Failed>),
    /// An earlier run was interrupted, and what it left can't be judged.
    #[error(transparent)]
    Interrupted(Box<Interrupted>),
    #[error(
        "migration {version} of the database {:?} was changed after {done} of its statements had been applied: statement \
         {changed} is another one now. Put the text back as it was, or finish that migration by hand, record it by `{}`, \
         and remove its progress by `{}`", .database.as_str(), recording(.database, .version), clearing(.database, .version)
    )]
    Edited {
        database: SchemaName,
        version: String,
        done: usize,
        /// The first statement that differs, counted from 1.
        changed: usize,
    },
    #[error(
        "migration {version} of the database {:?} was begun and not finished ({done} statements are applied), but \
         none of the given migrations has that version: migrate with the migrations that have it", .database.as_str()
    )]
    UnfinishedUnknown {
        database: SchemaName,
        version: String,
        done: usize,
    },
    #[error(
        "{} of version {version} of the database {:?} was begun and not finished: {} first",
        if *.reverting { "the revert" } else { "the migration" }, .database.as_str(),
        if *.reverting { "revert it" } else { "migrate" }
    )]
    OtherDirection {
        database: SchemaName,
        version: String,
        reverting: bool,
    },
    /// The library's own statements failed.
    #[error("can't read or write the applied versions")]
    Session(#[from] SessionError),
}

impl From<diesel::result::Error> for MigrationProblem {
    fn from(error: diesel::result::Error) -> Self {
        Self::Session(error.into())
    }
}

/// A statement of which it can't be known whether it was applied before its client died.
#[derive(Debug, thiserror::Error)]
#[error(
    "the process that ran migration {name} died while the server ran {what}, and nothing shows whether it was applied. \
     Look at the database. {}. Then run this again", .remedy
)]
pub(crate) struct Interrupted {
    pub(crate) name: String,
    /// The statement, or the code.
    pub(crate) what: String,
    /// What to write down by hand.
    pub(crate) remedy: String,
}

impl Interrupted {
    pub(super) fn statement(
        database: &SchemaName,
        name: &str,
        version: &str,
        number: usize,
        (line, text): (usize, String),
    ) -> Self {
        let table = super::progress::table(database);
        let version = quote::literal(version);
        Self {
            name: name.to_owned(),
            what: format!("its statement {number} (line {line}: `{text}`)"),
            remedy: format!(
                "If it was applied: `UPDATE {table} SET done = {number}, running = NULL WHERE version = {version}`. If \
                 not: `UPDATE {table} SET running = NULL WHERE version = {version}`"
            ),
        }
    }

    pub(super) fn code(database: &SchemaName, name: &str, version: &str) -> Self {
        Self {
            name: name.to_owned(),
            what: "its Rust code, which had committed something".to_owned(),
            remedy: format!(
                "If it is applied: `{}`, and `{clear}`. If not, undo what it did, and `{clear}`",
                recording(database, version),
                clear = clearing(database, version)
            ),
        }
    }
}

fn recording(database: &SchemaName, version: &str) -> String {
    format!(
        "INSERT INTO {} (version) VALUES ({})",
        super::version_table::table(database),
        quote::literal(version)
    )
}

fn clearing(database: &SchemaName, version: &str) -> String {
    format!(
        "DELETE FROM {} WHERE version = {}",
        super::progress::table(database),
        quote::literal(version)
    )
}
