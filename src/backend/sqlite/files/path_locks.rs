//! Openings and moves keep out of each other's way.
//!
//! SQLite opens a file first and locks it afterwards. A file that another process renames in between would be opened
//! under its former name: its log would have the wrong path, and two connections could each have a log of their own. So
//! whoever opens a file shares a lock meanwhile, and whoever renames one has that lock alone.

use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use super::{FileError, Folder, close_requests::let_others_first, patience::Patience};

/// The folder of all lock files, in the tenants' folder.
pub(super) const LOCKS: &str = ".locks";
/// How many lock files there are. Each is for a part of the tenants' files, by their names, so that a rename seldom waits
/// for others' openings. They are never removed, so everybody locks the same ones.
const PARTS: u8 = 16;

const PAUSE: Duration = Duration::from_millis(1);

/// While this is held, the file gets no other path. For the moment in which a connection opens it.
#[must_use = "the file may be moved at once"]
#[derive(Debug)]
pub(crate) struct Opening {
    _lock: Option<File>,
}

/// While this is held, nobody opens the file. For the moment in which it is renamed.
#[must_use = "the file may be opened at once"]
#[derive(Debug)]
pub(super) struct Moving {
    _lock: File,
}

/// Hold this while a connection opens or attaches the file at this path, until it has read from it. Costs four calls of
/// the system. Blocks while a file is renamed, and for a moment if somebody needs this file alone.
///
/// Fails with [`TimedOut`](io::ErrorKind::TimedOut) if that takes longer than this. A folder that no [`Folder`] was
/// opened for has no lock, and needs none.
pub(crate) fn opening(file: &Path, wait: Duration) -> io::Result<Opening> {
    let lock = match File::open(lock_of(file)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Opening { _lock: None }),
        lock => lock?,
    };
    let patience = Patience::of(wait);
    let_others_first(file, patience);
    loop {
        match lock.try_lock_shared() {
            Ok(()) => return Ok(Opening { _lock: Some(lock) }),
            Err(TryLockError::Error(error)) => return Err(error),
            Err(TryLockError::WouldBlock) if patience.is_over() => {
                let message = "another process is renaming a file";
                return Err(io::Error::new(io::ErrorKind::TimedOut, message));
            }
            Err(TryLockError::WouldBlock) => patience.pause(PAUSE),
        }
    }
}

/// The lock file for a database's file.
fn lock_of(file: &Path) -> PathBuf {
    let name = file.file_name().unwrap_or_default().as_encoded_bytes();
    // FNV-1a: the same in all processes, as the standard library's hashes are not.
    let hash = name.iter().fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193)
    });
    file.with_file_name(LOCKS).join(part((hash % u32::from(PARTS)) as u8))
}

fn part(number: u8) -> String {
    format!("moves{number}")
}

/// Makes the lock files that are missing.
pub(super) fn prepare(root: &Path) -> io::Result<()> {
    let folder = root.join(LOCKS);
    match fs::create_dir(&folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    (0..PARTS).try_for_each(|number| make(&folder.join(part(number))).map(drop))
}

fn make(lock: &Path) -> io::Result<File> {
    File::options().append(true).create(true).open(lock)
}

impl Folder {
    /// Keeps a file from being opened, unless somebody is opening it, or renaming it.
    pub(super) fn try_moving(&self, file: &Path) -> Result<Option<Moving>, FileError> {
        let path = lock_of(file);
        let lock = make(&path).map_err(|error| FileError::io("lock", &path, error))?;
        match lock.try_lock() {
            Ok(()) => Ok(Some(Moving { _lock: lock })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(FileError::io("lock", &path, error)),
        }
    }

    /// The folder of all lock files.
    pub(super) fn lock_folder(&self) -> PathBuf {
        self.root().join(LOCKS)
    }
}

#[cfg(test)]
mod tests {
    use super::{super::testing::folder, *};

    #[test]
    fn many_open_at_a_time_and_one_moves_alone() {
        let (_guard, folder) = folder();
        let file = folder.root().join("client1.db");
        let openings = [Duration::ZERO; 2].map(|wait| opening(&file, wait).unwrap());
        assert!(folder.try_moving(&file).unwrap().is_none());
        drop(openings);
        let other = folder.root().join("client2.db");
        assert!(folder.try_moving(&other).unwrap().is_some(), "another part");
        let moving = folder.try_moving(&file).unwrap().unwrap();
        assert!(folder.try_moving(&file).unwrap().is_none());
        let error = opening(&file, Duration::ZERO).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        drop(moving);
        drop(opening(&file, Duration::ZERO).unwrap());
    }
}
