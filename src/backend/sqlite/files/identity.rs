use std::{io, path::Path};

/// Which file is at a path.
///
/// A connection keeps the file that it opened, whatever happens to the path. As long as it does, no other file has the
/// same identity: on Unix, the number of an inode isn't given away while a process has the file open. So a connection
/// whose file was dropped or renamed is told by one look at the path, which opens nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Identity(u64, u64);

/// The identity of the file at this path; `None` if there is none.
pub(crate) fn identity_of(path: &Path) -> io::Result<Option<Identity>> {
    match std::fs::metadata(path) {
        Ok(metadata) => Ok(Some(of(&metadata))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(unix)]
pub(super) fn of(metadata: &std::fs::Metadata) -> Identity {
    use std::os::unix::fs::MetadataExt;

    Identity(metadata.dev(), metadata.ino())
}

/// Elsewhere the system keeps a file that is open from being renamed or removed.
#[cfg(not(unix))]
pub(super) fn of(metadata: &std::fs::Metadata) -> Identity {
    let created = metadata.created().ok();
    let age = created.and_then(|created| created.duration_since(std::time::UNIX_EPOCH).ok());
    Identity(0, age.map_or(0, |age| age.as_nanos() as u64))
}
