use std::{error::Error, io, path::PathBuf};

/// Why a folder of migrations can't be used. Nothing was sent to the server.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MigrationFolderError {
    /// The folder doesn't exist, or can't be listed.
    #[error("can't read the folder of migrations {}", .path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// A file or a directory can't be read.
    #[error("can't read {}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// A file's contents or a directory's name are not UTF-8.
    #[error("{} is not UTF-8: save it as UTF-8, or give it another name", .path.display())]
    NotUtf8 {
        /// The file or the directory.
        path: PathBuf,
    },
    /// A directory has no `up.sql`.
    #[error("{} is not a migration: it has no up.sql; add one, or move the directory elsewhere", .path.display())]
    NoUpScript {
        /// The directory.
        path: PathBuf,
    },
    /// A migration to be reverted has no `down.sql`.
    #[error("{} has no down.sql: write one that undoes up.sql", .path.display())]
    NoDownScript {
        /// The directory.
        path: PathBuf,
    },
    /// A migration to be reverted has a `down.sql` that is empty or only white space.
    #[error("{} is empty: write SQL that undoes up.sql", .path.display())]
    EmptyDownScript {
        /// The script.
        path: PathBuf,
    },
    /// An `up.sql` is empty or only white space.
    #[error("{} is empty: write the migration's SQL, or remove the directory", .path.display())]
    Empty {
        /// The script.
        path: PathBuf,
    },
    /// A `metadata.toml` is not valid.
    #[error(
        "{} can't be used: it must say `run_in_transaction = true` or `run_in_transaction = false`, and nothing else",
        .path.display()
    )]
    Metadata {
        /// The file.
        path: PathBuf,
        /// What is wrong with the file, and where.
        source: Box<dyn Error + Send + Sync>,
    },
    /// A directory's name doesn't begin with a version that Diesel's table can hold.
    #[error(
        "the name of {} must begin with a version of 1 to 50 characters, followed by `_` and a title; its version is \
         {version:?}",
        .path.display()
    )]
    Version {
        /// The directory.
        path: PathBuf,
        /// The text before the first `_`, without dashes.
        version: String,
    },
    /// Two directories have the same version.
    #[error(
        "{} and {} have the same version, {version}: give one of them another version",
        .paths[0].display(), .paths[1].display()
    )]
    DuplicateVersion {
        /// The version.
        version: String,
        /// The two directories.
        paths: [PathBuf; 2],
    },
}
