use std::error::Error;

use diesel_tenants_translate::TranslateError;

use super::Failed;

/// Why a file could not be migrated. Migrations before the failed one stay applied.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MigrationProblem {
    #[error("can't read the migrations")]
    Unreadable(#[source] Box<dyn Error + Send + Sync>),
    #[error("two migrations have the version {version}: give one of them another version")]
    DuplicateVersion { version: String },
    #[error(
        "migration {name} contains {keyword}, but it runs in a transaction together with its version row: remove that \
         statement, or put `run_in_transaction = false` in its metadata.toml"
    )]
    TransactionControl { name: String, keyword: String },
    #[error("migration {name}, at line {line}: {statement} {reason}")]
    Refused {
        name: String,
        line: usize,
        /// The statement's first words.
        statement: String,
        reason: &'static str,
    },
    #[error("migration {name} can't be split into statements")]
    NotUnderstood { name: String, source: TranslateError },
    #[error("migration {name} can't be reverted, and nothing was reverted: {reason}")]
    Irreversible { name: String, reason: String },
    #[error("can't revert version {version}: none of the given migrations has that version")]
    UnknownVersion { version: String },
    #[error(transparent)]
    Failed(Box<Failed>),
    /// The library's own statements failed.
    #[error("can't read or write the applied versions")]
    Versions(#[from] diesel::result::Error),
    #[error("can't open the file")]
    Open(#[source] Box<dyn Error + Send + Sync>),
}
