//! The declarations as files: writing them, and comparing them with what is there.

use std::{
    fmt,
    fs::{self, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
    process,
};

use similar::TextDiff;

use super::{SchemaFileError, SchemaWarning};
use crate::backend::random::random;

const SHARED: &str = "shared.rs";
const TENANT: &str = "tenant.rs";

/// The text of `mod.rs`, which makes the two files modules.
const MODULE: &str = "//! The tables of the database.\n\npub mod shared;\npub mod tenant;\n";

/// The declarations of all tables, as the text of Rust files. See
/// [`TenantPool::rust_schema`](crate::TenantPool::rust_schema).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RustSchema {
    pub(super) shared: String,
    pub(super) tenant: String,
    pub(super) warnings: Vec<SchemaWarning>,
}

/// A file that does not match the database. Displays as a unified diff, from the file's text to the expected text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutdatedFile {
    /// The file.
    pub path: PathBuf,
    /// Whether the file is missing.
    pub is_missing: bool,
    diff: String,
}

impl fmt::Display for OutdatedFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.diff)
    }
}

impl RustSchema {
    /// The text of `shared.rs`.
    pub fn shared(&self) -> &str {
        &self.shared
    }

    /// The text of `tenant.rs`.
    pub fn tenant(&self) -> &str {
        &self.tenant
    }

    /// The warnings, sorted.
    pub fn warnings(&self) -> &[SchemaWarning] {
        &self.warnings
    }

    /// Writes `shared.rs` and `tenant.rs` into a folder, by convention `src/schema`, which is created if it is missing.
    /// Returns the files that were written. Files that are up to date are not touched, so that nothing is recompiled
    /// for them. Each file is replaced atomically, even if the process is killed. If it is a symbolic link, the file
    /// that the link leads to is replaced.
    ///
    /// If neither the folder has a `mod.rs` nor its parent a file of the folder's name, a `mod.rs` is written as well,
    /// so that `mod schema;` is all you add. That file is yours from then on. Blocks while it writes.
    ///
    /// # Errors
    /// [`SchemaFileError`].
    pub fn write(&self, folder: impl AsRef<Path>) -> Result<Vec<PathBuf>, SchemaFileError> {
        let folder = folder.as_ref();
        fs::create_dir_all(folder).map_err(file("create", folder))?;
        let mut written = Vec::new();
        for (path, text) in self.files(folder) {
            if read(&path)?.as_deref() != Some(text) {
                write(&path, text)?;
                written.push(path);
            }
        }
        let module = folder.join("mod.rs");
        let has_module = |path: &Path| path.try_exists().map_err(file("look for", path));
        if !has_module(&module)? && !has_module(&folder.with_extension("rs"))? {
            write(&module, MODULE)?;
            written.push(module);
        }
        Ok(written)
    }

    /// Compares the files in the folder with the expected ones, and returns those that differ; an empty list means all
    /// match. Line endings don't count. Blocks while it reads.
    ///
    /// # Errors
    /// [`SchemaFileError`], if a file exists but can't be read.
    pub fn check(&self, folder: impl AsRef<Path>) -> Result<Vec<OutdatedFile>, SchemaFileError> {
        let mut outdated = Vec::new();
        for (path, expected) in self.files(folder.as_ref()) {
            let found = read(&path)?;
            let text = found.as_deref().unwrap_or_default().replace("\r\n", "\n");
            if found.is_some() && text == expected {
                continue;
            }
            let name = path.display().to_string();
            let diff = TextDiff::from_lines(text.as_str(), expected)
                .unified_diff()
                .context_radius(3)
                .header(&name, &format!("{name}, as it should be"))
                .to_string();
            outdated.push(OutdatedFile {
                is_missing: found.is_none(),
                path,
                diff,
            });
        }
        Ok(outdated)
    }

    fn files(&self, folder: &Path) -> [(PathBuf, &str); 2] {
        [
            (folder.join(SHARED), self.shared()),
            (folder.join(TENANT), self.tenant()),
        ]
    }
}

/// The file's text; `None` if there is no file.
fn read(path: &Path) -> Result<Option<String>, SchemaFileError> {
    match fs::read(path) {
        // Bytes that aren't UTF-8 can't be the expected text, and only the difference counts.
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(file("read", path)(source)),
    }
}

fn write(path: &Path, text: &str) -> Result<(), SchemaFileError> {
    replace(path, text).map_err(file("write", path))
}

/// Replaces the file atomically: compilers may be reading it, and other processes may be writing it.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    let found = fs::symlink_metadata(path).ok();
    // A symbolic link stays: the file that it leads to is replaced.
    let path = match &found {
        Some(found) if found.is_symlink() => fs::canonicalize(path)?,
        _ => path.to_owned(),
    };
    let replaced = fs::metadata(&path).ok();
    if replaced.as_ref().is_some_and(|replaced| !replaced.is_file()) {
        return Err(io::Error::other("it is no regular file"));
    }
    let chance = random();
    let partial = path.with_file_name(format!(".diesel-tenants-{}-{chance:016x}.partial", process::id()));
    let written = (|| {
        let mut file = OpenOptions::new().write(true).create_new(true).open(&partial)?;
        file.write_all(text.as_bytes())?;
        if let Some(replaced) = replaced {
            file.set_permissions(replaced.permissions())?;
        }
        file.sync_all()?;
        fs::rename(&partial, &path)
    })();
    if written.is_err() {
        let _ = fs::remove_file(&partial);
    }
    written
}

fn file(attempt: &'static str, path: &Path) -> impl FnOnce(io::Error) -> SchemaFileError {
    move |source| SchemaFileError {
        attempt,
        path: path.to_owned(),
        source,
    }
}
