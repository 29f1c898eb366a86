use std::{fmt::Write as _, path::Path, time::Duration};

use diesel::{Connection, SqliteConnection, connection::SimpleConnection};

use super::FileError;

/// What a connection may do with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    Read,
    Write,
    /// Reads without locks, as if nobody could write the file. See `AtRest`.
    AtRest,
    /// Makes the file, if there is none.
    Create,
}

/// The URI by which SQLite opens a file. A plain path would create a missing file.
pub(crate) fn uri(path: &Path, access: Access) -> String {
    let path = path.as_os_str().as_encoded_bytes();
    // An empty authority, so that the beginning of the path isn't taken for one.
    let mut uri = String::from(if path.starts_with(b"/") { "file://" } else { "file:" });
    if path.get(1) == Some(&b':') {
        uri.push('/');
    }
    for &byte in path {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' | b'~' | b':' => {
                uri.push(char::from(byte));
            }
            b'\\' if cfg!(windows) => uri.push('/'),
            _ => {
                let _ = write!(uri, "%{byte:02X}");
            }
        }
    }
    uri.push_str(match access {
        Access::Read => "?mode=ro",
        Access::AtRest => "?mode=ro&immutable=1",
        Access::Write => "?mode=rw",
        Access::Create => "?mode=rwc",
    });
    uri
}

/// What a connection needs that fills a new file, which is written to the disk as a whole later on, or thrown away.
pub(crate) const SCRATCH: &str = "PRAGMA main.synchronous = OFF; PRAGMA main.journal_mode = MEMORY";

/// The setting by which a statement waits this long for locks.
pub(crate) fn busy_timeout(wait: Duration) -> String {
    let milliseconds = i32::try_from(wait.as_millis()).unwrap_or(i32::MAX);
    format!("PRAGMA busy_timeout = {milliseconds}")
}

/// Opens a file as a connection's `main`. A statement waits this long for locks. What is committed is on the
/// disk: that is how SQLite is compiled.
pub(crate) fn open(path: &Path, access: Access, wait: Duration) -> Result<SqliteConnection, FileError> {
    let opened = SqliteConnection::establish(&uri(path, access));
    let mut connection = opened.map_err(|source| match path.try_exists() {
        Ok(false) => FileError::Missing { path: path.to_owned() },
        _ => FileError::Open {
            path: path.to_owned(),
            source,
        },
    })?;
    if access == Access::AtRest {
        return Ok(connection);
    }
    // Nothing here may read the file: that would need memory to share with other connections, before whoever wants the
    // file alone can say so.
    connection
        .batch_execute(&busy_timeout(wait))
        .map_err(FileError::sqlite("open", path))?;
    Ok(connection)
}

/// The statement that attaches a file, if it exists, so that it can only be read.
pub(crate) fn attach_readable(schema: &str, path: &Path) -> String {
    let uri = uri(path, Access::Read);
    format!("ATTACH '{uri}' AS {schema}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_path_ends_early_or_adds_parameters_in_a_uri() {
        let uri = uri(Path::new("/a b/c?mode=rwc#x%41'ä.db"), Access::Read);
        assert_eq!(uri, "file:///a%20b/c%3Fmode%3Drwc%23x%2541%27%C3%A4.db?mode=ro");
    }
}
