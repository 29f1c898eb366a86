//! Files under the names of schemas.

use std::path::{Path, PathBuf};

use diesel::{
    QueryableByName, RunQueryDsl as _,
    connection::SimpleConnection,
    result::Error::{self, DatabaseError},
    sql_types::Text,
};

use super::{uri::uri, worker::Worker};
use crate::SchemaName;

/// Whether a connection may write to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// The connection may write to the file.
    ReadWrite,
    /// A statement that would write to the file fails.
    ReadOnly,
}

/// A file that a connection has attached.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Attached {
    /// The name of the schema.
    pub name: SchemaName,
    /// Where the file is.
    pub path: PathBuf,
    /// Whether the connection may write to it.
    pub access: Access,
}

impl Attached {
    /// Whether SQLite takes this name for the file's: names that differ in the case of ASCII letters only are one.
    pub fn is_named(&self, name: &SchemaName) -> bool {
        is_one_name(&self.name, name.as_str())
    }
}

fn is_one_name(name: &SchemaName, other: &str) -> bool {
    name.as_str().eq_ignore_ascii_case(other)
}

/// Why a file can't be attached. No file was created.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AttachError {
    /// Each connection has a database of that name.
    #[error("`{name}` can't be the name of a file: SQLite keeps that name for itself")]
    Reserved {
        /// The name of the schema.
        name: SchemaName,
    },
    /// Another file is attached under that name. Names that differ in case only are one name to SQLite.
    #[error("another file is attached as `{name}`")]
    InUse {
        /// The name of the schema.
        name: SchemaName,
    },
    /// The file doesn't exist.
    #[error("there is no file {path:?} for `{name}`")]
    Missing {
        /// The name of the schema.
        name: SchemaName,
        /// Where the file should be.
        path: PathBuf,
    },
    /// The file is something else, or encrypted.
    #[error("{path:?}, the file of `{name}`, is no SQLite database")]
    NotADatabase {
        /// The name of the schema.
        name: SchemaName,
        /// Where the file is.
        path: PathBuf,
    },
    /// A connection can have ten files attached, unless SQLite was compiled otherwise.
    #[error("`{name}` can't be attached: the connection has as many files attached as SQLite allows ({limit})")]
    TooMany {
        /// The name of the schema.
        name: SchemaName,
        /// How many files SQLite allows.
        limit: usize,
    },
    /// SQLite can't open or read the file.
    #[error("{path:?}, the file of `{name}`, can't be attached")]
    Failed {
        /// The name of the schema.
        name: SchemaName,
        /// Where the file is.
        path: PathBuf,
        /// What SQLite says.
        source: Error,
    },
}

impl From<AttachError> for Error {
    /// The statement that needed the file was not sent.
    fn from(error: AttachError) -> Self {
        Self::QueryBuilderError(Box::new(error))
    }
}

impl Worker {
    /// Attaches a file. Does nothing if it is attached like that already.
    pub(super) fn attach(&mut self, file: Attached) -> Result<(), AttachError> {
        let Attached { name, path, access } = &file;
        if ["main", "temp"].iter().any(|reserved| is_one_name(name, reserved)) {
            return Err(AttachError::Reserved { name: name.clone() });
        }
        let known = self
            .shared()
            .attached()
            .iter()
            .find(|known| known.is_named(name))
            .cloned();
        if let Some(known) = known {
            return match known.path == *path && known.access == *access {
                true => Ok(()),
                false => Err(AttachError::InUse { name: name.clone() }),
            };
        }
        let failed = |source| AttachError::Failed {
            name: name.clone(),
            path: path.clone(),
            source,
        };
        let Some(uri) = uri(path, *access) else {
            return Err(failed(DatabaseError(
                diesel::result::DatabaseErrorKind::Unknown,
                Box::new("no path of a file".to_owned()),
            )));
        };
        let quoted = name.quoted();
        self.connection()
            .batch_execute(&format!("ATTACH '{uri}' AS {quoted}"))
            .map_err(|error| self.explain(&file, error))?;
        self.sync_seldom(quoted);
        self.shared().attached().push(file);
        Ok(())
    }

    /// With a write-ahead log no commit needs to wait for the disk: a power cut may lose the last commits, and never the
    /// consistency. Without one, and inside a transaction, where SQLite doesn't change the setting, every commit waits.
    fn sync_seldom(&mut self, quoted: &str) {
        #[derive(QueryableByName)]
        struct Mode {
            #[diesel(sql_type = Text)]
            journal_mode: String,
        }

        let mode = diesel::sql_query(format!("PRAGMA {quoted}.journal_mode")).get_result(self.connection());
        if mode.is_ok_and(|Mode { journal_mode }| journal_mode == "wal") {
            let set = format!("PRAGMA {quoted}.synchronous = NORMAL");
            _ = self.connection().batch_execute(&set);
        }
    }

    fn explain(&self, file: &Attached, error: Error) -> AttachError {
        let Attached { name, path, .. } = file;
        let (name, path) = (name.clone(), path.clone());
        let message = match &error {
            DatabaseError(_, information) => information.message(),
            _ => "",
        };
        if message.contains("is not a database") {
            AttachError::NotADatabase { name, path }
        } else if message.starts_with("too many attached databases") {
            let limit = self.shared().attached().len();
            AttachError::TooMany { name, limit }
        } else if is_missing(&path) {
            AttachError::Missing { name, path }
        } else {
            AttachError::Failed {
                name,
                path,
                source: error,
            }
        }
    }

    /// Detaches a file. Does nothing if none is attached under that name.
    pub(super) fn detach(&mut self, name: &SchemaName) -> Result<(), Error> {
        let position = self.shared().attached().iter().position(|file| file.is_named(name));
        let Some(position) = position else { return Ok(()) };
        self.connection().batch_execute(&format!("DETACH {}", name.quoted()))?;
        self.shared().attached().remove(position);
        // SQLite would prepare all of them anew, and those of the file were kept for nothing.
        self.forget_statements();
        Ok(())
    }
}

fn is_missing(path: &Path) -> bool {
    path.symlink_metadata()
        .is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound)
}
