//! What has to be on the disk before a file counts as there, or as gone.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use super::FileError;

/// The endings of the files that SQLite keeps beside a database.
pub(super) const COMPANIONS: [&str; 3] = ["-wal", "-shm", "-journal"];

/// Those of them in which a change may be that the database lacks.
pub(super) const LOGS: [&str; 2] = ["-wal", "-journal"];

/// Writes a file that no connection has open to the disk.
pub(super) fn sync_file(path: &Path) -> Result<(), FileError> {
    let synced = File::options().write(true).open(path).and_then(|file| file.sync_all());
    synced.map_err(|source| FileError::io("write to the disk", path, source))
}

/// Writes the names in a folder to the disk.
pub(super) fn sync_folder(folder: &Path) -> Result<(), FileError> {
    // Windows has no handle of a folder to sync, and keeps its names in a journal of its own.
    if cfg!(not(unix)) {
        return Ok(());
    }
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(|source| FileError::io("write to the disk", folder, source))
}

/// Removes a file, if it is there.
pub(super) fn remove(path: &Path) -> Result<(), FileError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(FileError::io("remove", path, error)),
        _ => Ok(()),
    }
}

/// Removes what SQLite kept beside a database that is gone.
pub(super) fn remove_companions(database: &Path) -> Result<(), FileError> {
    COMPANIONS
        .iter()
        .try_for_each(|ending| remove(&companion(database, ending)))
}

/// Whether a database has, or had, changes in a log beside it that it may lack itself.
pub(super) fn has_log(database: &Path) -> bool {
    LOGS.iter()
        .any(|ending| fs::metadata(companion(database, ending)).is_ok_and(|log| log.len() > 0))
}

/// Puts a complete file into its place. Fails if there is another one.
pub(super) fn publish(complete: &Path, path: &Path) -> Result<(), FileError> {
    match fs::hard_link(complete, path) {
        Ok(()) => return Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            return Err(FileError::Exists { path: path.to_owned() });
        }
        // Some file systems have no second names for files.
        Err(_) => {}
    }
    // The caller's lock keeps the others away between the look and the rename.
    match fs::symlink_metadata(path) {
        Ok(_) => Err(FileError::Exists { path: path.to_owned() }),
        Err(_) => fs::rename(complete, path).map_err(|source| FileError::io("put into place", path, source)),
    }
}

/// The path of a file that SQLite keeps beside a database.
pub(super) fn companion(database: &Path, ending: &str) -> PathBuf {
    let mut path = database.as_os_str().to_owned();
    path.push(ending);
    path.into()
}
