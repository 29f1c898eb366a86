use std::error::Error;

/// What is wrong with a set of migrations, whatever schema they are for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MigrationSourceError {
    /// The migrations can't be read.
    #[error("can't read the migrations")]
    Unreadable(#[source] Box<dyn Error + Send + Sync>),
    /// Two migrations have the same version.
    #[error("two migrations have the version {version}: give one of them another version")]
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
        "migration {name} contains {keyword}, but it runs in a transaction together with its version row: remove that \
         statement, or put `run_in_transaction = false` in its metadata.toml"
    )]
    TransactionControl {
        /// The migration's name.
        name: String,
        /// The statement's first word.
        keyword: String,
    },
    /// A migration to be reverted has no usable `down.sql`. Nothing was reverted.
    #[error("migration {name} can't be reverted, and nothing was reverted: {reason}")]
    Irreversible {
        /// The migration's name.
        name: String,
        /// What is wrong with its `down.sql`.
        reason: String,
    },
}
