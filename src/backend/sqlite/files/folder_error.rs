use std::{io, path::PathBuf};

/// Why a folder can't hold tenants' files.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FolderError {
    #[error("there is no folder {}: create it first", .path.display())]
    Missing { path: PathBuf },
    #[error("{} is not a folder: give the folder in which the tenants' files are", .path.display())]
    NotAFolder { path: PathBuf },
    #[error("the folder {} can't be read", .path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error(
        "the folder {} is on a read-only file system: even to read a file, SQLite writes its locks beside it",
        .path.display()
    )]
    ReadOnly { path: PathBuf, source: io::Error },
    #[error(
        "no files can be made in the folder {}: even to read a file, SQLite writes its locks beside it",
        .path.display()
    )]
    NotWritable { path: PathBuf, source: io::Error },
    #[error("no schema can be shared under this name")]
    SharedName(#[from] super::FileNameError),
}
