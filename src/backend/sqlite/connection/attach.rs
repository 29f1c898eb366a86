//! How a file is attached under the name of a schema. Which files a checkout has: `pool/backends/sqlite/check_out.rs`; those
//! of a query's own map: `missing_files`.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use diesel::{
    QueryableByName, RunQueryDsl as _,
    connection::SimpleConnection,
    result::{
        DatabaseErrorKind,
        Error::{self, DatabaseError},
    },
    sql_types::Text,
};

use super::{
    job::error_of,
    worker::{Transaction, Worker},
};
use crate::{
    SchemaName,
    backend::sqlite::files::{self, Identity, identity_of},
};

/// Whether a connection may write to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// The connection may write to the file.
    ReadWrite,
    /// A statement that would write to the file fails.
    ReadOnly,
}

impl From<Access> for files::Access {
    fn from(access: Access) -> Self {
        match access {
            Access::ReadWrite => Self::Write,
            Access::ReadOnly => Self::Read,
        }
    }
}

/// How long attaching waits for a file that is being renamed.
const PATIENCE: Duration = Duration::from_secs(5);

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
    /// Which file was at the path when it was attached. The connection keeps that file, whatever happens to the path.
    identity: Option<Identity>,
}

impl Attached {
    pub(crate) fn new(name: &SchemaName, path: &Path, access: Access) -> Self {
        Self {
            name: name.clone(),
            path: path.into(),
            access,
            identity: None,
        }
    }

    /// Whether the file at the path is still the one that was attached. Asks the system, and opens nothing.
    pub fn is_current(&self) -> bool {
        self.identity.is_some() && identity_of(&self.path).is_ok_and(|identity| identity == self.identity)
    }

    pub(super) fn identity(&self) -> Option<Identity> {
        self.identity
    }

    pub(super) fn failed(&self, source: Error) -> AttachError {
        AttachError::Failed {
            name: self.name.clone(),
            path: self.path.clone(),
            source,
        }
    }

    /// Whether SQLite takes this name for the file's: names that differ in the case of ASCII letters only are one.
    pub fn is_named(&self, name: &SchemaName) -> bool {
        is_one_name(&self.name, name.as_str())
    }
}

/// Finds the file of a schema to which a query's own map leads. Called wherever the query is run, so it must not block.
pub type Resolver = Arc<dyn Fn(&SchemaName) -> Option<PathBuf> + Send + Sync>;

/// The files of the schemas that a query's own map leads to, as far as they are not attached.
pub(super) fn missing_files(
    schemas: &[SchemaName],
    attached: &[Attached],
    resolver: Option<&(Resolver, Access)>,
) -> Vec<Attached> {
    let Some((resolver, access)) = resolver else {
        return Vec::new();
    };
    let mut files: Vec<Attached> = Vec::new();
    for name in schemas {
        let is_known = |file: &Attached| file.is_named(name);
        if files.iter().any(is_known) || attached.iter().any(is_known) {
            continue;
        }
        files.extend(resolver(name).map(|path| Attached::new(name, &path, *access)));
    }
    files
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
    /// Outside of WAL mode a connection that is between two statements holds no lock: another connection could rename or
    /// drop the file, and the next statement would read and write the log of the file that then has its path. A
    /// connection that may write to a file turns it to WAL mode; the file is opened for reading only.
    #[error(
        "{path:?}, the file of `{name}`, is not in WAL mode (its mode is `{mode}`), and this connection may not write to \
         it: open it once for writing, or run PRAGMA journal_mode = WAL in SQLite's own command, sqlite3"
    )]
    NotInWalMode {
        /// The name of the schema.
        name: SchemaName,
        /// Where the file is.
        path: PathBuf,
        /// The file's journal mode, such as `delete`.
        mode: String,
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
    /// Attaches a file. Does nothing if it is attached like that already, and takes the place of a file that was at the
    /// same path before.
    pub(super) fn attach(&mut self, mut file: Attached) -> Result<(), AttachError> {
        let Attached { name, path, access, .. } = &file;
        if files::RESERVED.iter().any(|reserved| is_one_name(name, reserved)) {
            return Err(AttachError::Reserved { name: name.clone() });
        }
        let known = self
            .shared()
            .attached()
            .iter()
            .find(|known| known.is_named(name))
            .cloned();
        if let Some(known) = known {
            if known.path != *path || known.access != *access {
                return Err(AttachError::InUse { name: name.clone() });
            }
            if known.is_current() {
                return Ok(());
            }
            self.detach(name).map_err(|error| file.failed(error))?;
        }
        if path.as_os_str().as_encoded_bytes().contains(&0) {
            return Err(file.failed(error_of(DatabaseErrorKind::Unknown, "no path has a NUL".into())));
        }
        let failed = |error: std::io::Error| file.failed(error_of(DatabaseErrorKind::Unknown, error.to_string()));
        let opening = files::opening(path, PATIENCE).map_err(failed)?;
        let (uri, quoted) = (files::uri(path, (*access).into()), name.quoted());
        self.connection()
            .batch_execute(&format!("ATTACH '{uri}' AS {quoted}"))
            .map_err(|error| self.explain(&file, error))?;
        if let Err(error) = self.require_wal(&file) {
            // If the file stays attached, nobody knows it, and no statement leads to it.
            _ = self.connection().batch_execute(&format!("DETACH {quoted}"));
            return Err(error);
        }
        if *access == Access::ReadWrite {
            self.syncs_often.push(quoted.to_owned());
        }
        file.identity = identity_of(path).ok().flatten();
        drop(opening);
        self.shared().attached().push(file);
        Ok(())
    }

    /// Turns a file that may be written to into WAL mode, and refuses one that isn't in that mode. In WAL mode a connection
    /// holds a lock on the file for as long as it has it open, which `files/exclusive.rs` relies on.
    fn require_wal(&mut self, file: &Attached) -> Result<(), AttachError> {
        #[derive(QueryableByName)]
        struct Mode {
            #[diesel(sql_type = Text)]
            journal_mode: String,
        }

        let set = match file.access {
            Access::ReadWrite => " = WAL",
            Access::ReadOnly => "",
        };
        let question = format!("PRAGMA {}.journal_mode{set}", file.name.quoted());
        let answer = diesel::sql_query(question).get_result(self.connection());
        let Mode { journal_mode: mode } = answer.map_err(|error| file.failed(error))?;
        match mode.as_str() {
            "wal" => Ok(()),
            _ => Err(AttachError::NotInWalMode {
                name: file.name.clone(),
                path: file.path.clone(),
                mode,
            }),
        }
    }

    /// With a write-ahead log no commit needs to wait for the disk: a power cut may lose the last commits, and never the
    /// consistency. Inside a transaction, where SQLite doesn't change the setting, every commit waits.
    ///
    /// Done before the first statement that may write, and not when the file is attached: a file that is only read is
    /// opened in less time.
    pub(super) fn sync_seldom(&mut self) {
        if self.transaction != Transaction::None {
            return;
        }
        for quoted in std::mem::take(&mut self.syncs_often) {
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
            file.failed(error)
        }
    }

    /// Detaches a file. Does nothing if none is attached under that name.
    pub(super) fn detach(&mut self, name: &SchemaName) -> Result<(), Error> {
        let position = self.shared().attached().iter().position(|file| file.is_named(name));
        let Some(position) = position else { return Ok(()) };
        self.connection().batch_execute(&format!("DETACH {}", name.quoted()))?;
        self.shared().attached().remove(position);
        self.syncs_often.retain(|quoted| quoted != name.quoted());
        // SQLite would prepare all of them anew, and those of the file were kept for nothing.
        self.forget_statements();
        Ok(())
    }
}

fn is_missing(path: &Path) -> bool {
    path.symlink_metadata()
        .is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound)
}
