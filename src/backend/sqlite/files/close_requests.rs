use std::{fs, io, path::PathBuf, time::Duration};

use diesel_tenants_translate::SchemaName;

use super::{FileError, Folder, file_name};

const ENDING: &str = ".wanted";

/// A sign to all processes: close your idle connections to this file, somebody needs it alone.
#[derive(Debug)]
pub(super) struct Wanted {
    path: PathBuf,
}

impl Folder {
    /// How often a process should look for [wanted](Self::wanted) files while it keeps idle connections.
    pub(crate) const LOOK_EVERY: Duration = Duration::from_millis(200);

    /// The tenants and archives whose files somebody needs alone, to rename, archive or drop them. Whoever keeps idle
    /// connections to one of them should close these: a file with connections stays as it is, and the operation fails.
    ///
    /// Costs one look at a folder that is empty nearly always.
    pub(crate) fn wanted(&self) -> Result<Vec<SchemaName>, FileError> {
        let folder = self.lock_folder();
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(FileError::io("list", &folder, error)),
        };
        let mut wanted = Vec::new();
        for entry in entries {
            let name = entry
                .map_err(|error| FileError::io("list", &folder, error))?
                .file_name();
            let stem = name.to_str().and_then(|name| name.strip_suffix(ENDING));
            wanted.extend(stem.and_then(file_name::schema));
        }
        Ok(wanted)
    }

    /// Asks for a file. The caller has the tenant's lock.
    pub(super) fn want(&self, stem: &str) -> Result<Wanted, FileError> {
        let path = self.lock_folder().join([stem, ENDING].concat());
        let asked = fs::File::create(&path);
        asked.map_err(|error| FileError::io("make", &path, error))?;
        Ok(Wanted { path })
    }
}

impl Drop for Wanted {
    fn drop(&mut self) {
        // If it stays, connections to the file are closed too often, until it is swept.
        let _ = fs::remove_file(&self.path);
    }
}
