use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use diesel_tenants_translate::SchemaName;

use super::{
    FileError, FileNameError, FolderError, FolderState,
    file_name::{self, DATABASE},
    folder_state::OpenFolder,
    path_locks,
};
use crate::backend::random::random;

/// A folder with a file for the shared schema, and one for each tenant.
#[derive(Debug, Clone)]
pub(crate) struct Folder {
    root: PathBuf,
    shared: SchemaName,
    shared_path: PathBuf,
    open: Arc<OpenFolder>,
}

impl Folder {
    /// Opens a folder that exists. Nothing is made in it but the folder of lock files, and for a moment a file that
    /// shows that this is possible.
    pub(crate) fn open(root: impl AsRef<Path>, shared: SchemaName) -> Result<Self, FolderError> {
        let shared_file = file_name::stem(shared.as_str())? + DATABASE;
        // The process may change its current directory.
        let root = std::path::absolute(&root).unwrap_or_else(|_| root.as_ref().to_owned());
        let path = || root.clone();
        match fs::metadata(&root) {
            Ok(metadata) if metadata.is_dir() => {}
            Ok(_) => return Err(FolderError::NotAFolder { path: path() }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(FolderError::Missing { path: path() }),
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
                return Err(FolderError::NotAFolder { path: path() });
            }
            Err(source) => return Err(FolderError::Unreadable { path: path(), source }),
        }
        fs::read_dir(&root).map_err(|source| FolderError::Unreadable { path: path(), source })?;
        require_writable(&root)?;
        Ok(Self {
            shared_path: root.join(shared_file),
            open: Arc::new(OpenFolder::at(&root)),
            root,
            shared,
        })
    }

    /// The folder, as an absolute path.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The state of the folder now, if it shows the next change.
    pub(crate) fn state(&self) -> Option<FolderState> {
        self.open.state()
    }

    /// Looks whether the folder is still at its path. To be called every [`LOOK_EVERY`](Self::LOOK_EVERY) by whoever
    /// relies on the folder's [state](Self::state).
    pub(crate) fn look_at_path(&self) {
        self.open.look(&self.root);
    }

    /// The name of the shared schema.
    pub(crate) fn shared(&self) -> &SchemaName {
        &self.shared
    }

    /// The file of the shared schema, whether or not it exists.
    pub(crate) fn shared_path(&self) -> &Path {
        &self.shared_path
    }

    /// The file of a tenant, whether or not it exists.
    pub(crate) fn path_of(&self, tenant: &SchemaName) -> Result<PathBuf, FileNameError> {
        Ok(self.path(&self.stem_of(tenant)?, DATABASE))
    }

    /// The name of a tenant's file without its ending.
    pub(super) fn stem_of(&self, tenant: &SchemaName) -> Result<String, FileNameError> {
        if *tenant == self.shared {
            return Err(FileNameError::Shared {
                name: tenant.as_str().to_owned(),
            });
        }
        file_name::stem(tenant.as_str())
    }

    /// The path of a file in the folder.
    pub(super) fn path(&self, stem: &str, ending: &str) -> PathBuf {
        self.root.join([stem, ending].concat())
    }

    /// A path for the time until a file is complete, or until it is removed. No other file has it.
    pub(super) fn passing_path(&self, stem: &str, ending: &str) -> PathBuf {
        self.path(stem, &format!(".{:016x}{ending}", random()))
    }

    /// Whether there is a file of this name: a tenant's, an archive, or anything else.
    pub(crate) fn has_file(&self, name: &SchemaName) -> Result<bool, FileError> {
        let path = self.path_of(name)?;
        // Not `metadata`: a link to nowhere is in the way too.
        match fs::symlink_metadata(&path) {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(source) => Err(FileError::io("look for", &path, source)),
        }
    }

    /// Fails if there is a file of this name.
    pub(super) fn require_free(&self, name: &SchemaName) -> Result<(), FileError> {
        match self.has_file(name)? {
            true => Err(FileError::Exists {
                path: self.path_of(name)?,
            }),
            false => Ok(()),
        }
    }

    /// The names of all files that may be tenants or archives, sorted. Links are left out: two could lead to one file.
    pub(crate) fn names(&self) -> Result<Vec<SchemaName>, FileError> {
        let mut names: Vec<SchemaName> = self
            .entries(DATABASE)?
            .into_iter()
            .filter_map(|stem| file_name::schema(&stem))
            .filter(|name| *name != self.shared)
            .collect();
        names.sort();
        Ok(names)
    }

    /// What has the ending of a tenant's file, and is none because of its name, or because it is a link: two could lead
    /// to one file. Sorted.
    pub(crate) fn ignored(&self) -> Result<Vec<String>, FileError> {
        let unreadable = |source| FileError::io("list", &self.root, source);
        let mut ignored = Vec::new();
        for entry in fs::read_dir(&self.root).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            let Some(stem) = name.strip_suffix(DATABASE) else {
                continue;
            };
            if file_name::schema(stem).is_none() || !entry.file_type().map_err(unreadable)?.is_file() {
                ignored.push(name.into_owned());
            }
        }
        ignored.sort();
        Ok(ignored)
    }

    /// The files that end like this, each without its ending.
    pub(super) fn entries(&self, ending: &str) -> Result<Vec<String>, FileError> {
        let unreadable = |source| FileError::io("list", &self.root, source);
        let mut entries = Vec::new();
        for entry in fs::read_dir(&self.root).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            let name = entry.file_name();
            let Some(stem) = name.to_str().and_then(|name| name.strip_suffix(ending)) else {
                continue;
            };
            if entry.file_type().map_err(unreadable)?.is_file() {
                entries.push(stem.to_owned());
            }
        }
        Ok(entries)
    }
}

/// Makes a file, and removes it, and makes the folder of lock files. The system alone knows what rights, mounts and quotas allow.
fn require_writable(root: &Path) -> Result<(), FolderError> {
    let probe = root.join(format!(".{:016x}.probe", random()));
    let path = || root.to_owned();
    let made = fs::File::create_new(&probe).and_then(|_| {
        // It could be made, so it can be removed; and if not, nobody takes it for anything.
        let _ = fs::remove_file(&probe);
        path_locks::prepare(root)
    });
    match made {
        Ok(()) => Ok(()),
        Err(source) if source.kind() == io::ErrorKind::ReadOnlyFilesystem => {
            Err(FolderError::ReadOnly { path: path(), source })
        }
        Err(source) => Err(FolderError::NotWritable { path: path(), source }),
    }
}
