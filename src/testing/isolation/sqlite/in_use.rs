//! Which files this process has open.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use tokio::time::sleep;

use super::super::AuditError;

/// How long a connection may take to close: it does so on a thread of its own.
const PATIENCE: Duration = Duration::from_secs(30);

/// Returns when this process has none of the files open, nor their logs: an open connection could read what it has in
/// memory, and leave no trace. Where there is no `/proc`, as on macOS, nothing is known of that.
pub(super) async fn until_closed(files: &[PathBuf]) -> Result<(), AuditError> {
    let begun = Instant::now();
    while let Some(file) = open_one(files) {
        if begun.elapsed() > PATIENCE {
            return Err(AuditError::FileInUse {
                file,
                waited: begun.elapsed(),
            });
        }
        sleep(Duration::from_millis(1)).await;
    }
    Ok(())
}

fn open_one(files: &[PathBuf]) -> Option<PathBuf> {
    let open = open_files().unwrap_or_default();
    let is_of = |open: &Path, file: &Path| {
        let rest = open
            .as_os_str()
            .as_encoded_bytes()
            .strip_prefix(file.as_os_str().as_encoded_bytes());
        rest.is_some_and(|rest| [&b""[..], b"-wal", b"-shm", b"-journal"].contains(&rest))
    };
    files
        .iter()
        .find(|file| open.iter().any(|open| is_of(open, file)))
        .cloned()
}

fn open_files() -> io::Result<Vec<PathBuf>> {
    let entries = fs::read_dir("/proc/self/fd")?;
    // One that was closed meanwhile is not open.
    Ok(entries
        .filter_map(|entry| fs::read_link(entry.ok()?.path()).ok())
        .collect())
}

#[cfg(test)]
mod tests {
    use diesel::{Connection, SqliteConnection, connection::SimpleConnection};

    use super::*;

    #[test]
    fn a_file_is_in_use_until_its_last_connection_is_closed() {
        let folder = tempfile::tempdir().unwrap();
        let [one, other] = ["one.db", "other.db"].map(|name| folder.path().canonicalize().unwrap().join(name));
        let mut connection = SqliteConnection::establish(one.to_str().unwrap()).unwrap();
        connection
            .batch_execute("PRAGMA journal_mode = WAL; CREATE TABLE a (b)")
            .unwrap();
        let files = [other, one.clone()];
        if cfg!(target_os = "linux") {
            assert_eq!(open_one(&files), Some(one));
        }
        drop(connection);
        assert_eq!(open_one(&files), None);
    }
}
