//! The folder itself.

use std::{error::Error, path::Path};

use crate::{
    backend::sqlite::{
        diagnosis::{file_system_of, version},
        files::{FileError, Folder},
    },
    diagnosis::{Check, Finding, Severity, causes::causes},
};

/// The finding for a folder in which nothing more can be looked at.
pub(super) fn unusable(error: &(dyn Error + 'static)) -> Finding {
    Finding::bad(
        Check::Folder,
        Severity::Problem,
        causes(error),
        "do what the message says",
    )
}

pub(super) fn check_folder(folder: &Folder) -> [Finding; 3] {
    let root = folder.root();
    let file_system = match file_system_of(root) {
        Some(found) if found.is_network => Finding::bad(
            Check::FileSystem,
            Severity::Warning,
            format!("{}, which may be reached over a network", found.kind),
            "SQLite's locks can't be relied on there, and two processes may damage a file: move the folder to a disk \
             of this machine",
        ),
        _ if !records_births(root) => Finding::bad(
            Check::FileSystem,
            Severity::Warning,
            "does not record when a file was created".to_owned(),
            "a request that was let in before its tenant is dropped may reach the tenant that gets the same name next: \
             move the folder to ext4, XFS, Btrfs, APFS or NTFS",
        ),
        Some(found) => Finding::fine(Check::FileSystem, found.kind),
        None => Finding::fine(Check::FileSystem, "this system does not tell"),
    };
    [
        Finding::fine(Check::SqliteVersion, version().unwrap_or_else(|| "unknown".to_owned())),
        Finding::fine(
            Check::Folder,
            format!("{} is there, and can be written to", root.display()),
        ),
        file_system,
    ]
}

/// Whether the file system keeps the time by which a file is told from an earlier one with the same number.
fn records_births(folder: &Path) -> bool {
    folder.metadata().and_then(|metadata| metadata.created()).is_ok()
}

/// What is in the folder besides tenants' files.
pub(super) fn check_names(folder: &Folder) -> Result<[Finding; 2], FileError> {
    Ok([
        Finding::names(
            Check::IgnoredFiles,
            Severity::Warning,
            folder.ignored()?,
            "no tenant has a file of such a name, or it is a link, so nothing in it is found: a name has no capital \
             letters, and all but a-z, 0-9, _ and - is percent-encoded",
        ),
        Finding::names(
            Check::LeftFiles,
            Severity::Warning,
            folder.left()?,
            "processes that were killed left these; the next pool that is built removes them",
        ),
    ])
}
