use std::{io, path::Path};

/// Which file is at a path.
///
/// A connection keeps the file that it opened, whatever happens to the path. As long as it does, no other file has the
/// same identity: on Unix, the number of an inode isn't given away while a process has the file open. So a connection
/// whose file was dropped or renamed is told by one look at the path, which opens nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Identity {
    device: u64,
    inode: u64,
    /// When the file was created, in nanoseconds, where the file system knows it: an inode's number is given away again
    /// once no process has the file open.
    created: u128,
}

/// The identity of the file at this path; `None` if there is none. A link counts as none: two could lead to one file.
pub(crate) fn identity_of(path: &Path) -> io::Result<Option<Identity>> {
    match std::fs::symlink_metadata(path) {
        Ok(metadata) => Ok(metadata.is_file().then(|| of(&metadata))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(unix)]
pub(super) fn of(metadata: &std::fs::Metadata) -> Identity {
    use std::os::unix::fs::MetadataExt;

    Identity {
        device: metadata.dev(),
        inode: metadata.ino(),
        created: created(metadata),
    }
}

/// Elsewhere the system keeps a file that is open from being renamed or removed.
#[cfg(not(unix))]
pub(super) fn of(metadata: &std::fs::Metadata) -> Identity {
    Identity {
        device: 0,
        inode: 0,
        created: created(metadata),
    }
}

fn created(metadata: &std::fs::Metadata) -> u128 {
    let created = metadata.created().ok();
    let age = created.and_then(|created| created.duration_since(std::time::UNIX_EPOCH).ok());
    age.map_or(0, |age| age.as_nanos())
}
