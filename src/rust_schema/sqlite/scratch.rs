//! A temporary folder: its files are migrated, read, and removed.

use std::{
    env, fs,
    hash::{BuildHasher, RandomState},
    io,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use crate::rust_schema::RustSchemaError;

/// The beginning of every scratch folder's name.
const PREFIX: &str = "diesel-tenants-scratch-";

/// A scratch folder of this age was left behind by a killed process.
const ABANDONED_AFTER: Duration = Duration::from_secs(3600);

/// A scratch folder, which is removed with this value.
pub(super) struct Scratch {
    path: PathBuf,
}

impl Scratch {
    /// Makes a folder that only this user can look into.
    pub(super) fn create() -> Result<Self, RustSchemaError> {
        let temporary = env::temp_dir();
        // A failure to remove other processes' folders is no reason to fail here.
        let _ = remove_abandoned(&temporary);
        let chance = RandomState::new().hash_one(std::process::id());
        let path = temporary.join(format!("{PREFIX}{}-{chance:016x}", std::process::id()));
        match private_folder().create(&path) {
            Ok(()) => Ok(Self { path }),
            Err(source) => Err(RustSchemaError::ScratchFolder { path, source }),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What stays is removed by a later call.
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// Fails if anything has the name already.
fn private_folder() -> fs::DirBuilder {
    #[cfg_attr(not(unix), expect(unused_mut, reason = "only Unix has modes"))]
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
}

fn remove_abandoned(temporary: &Path) -> io::Result<()> {
    for entry in fs::read_dir(temporary)? {
        let entry = entry?;
        let is_ours = entry.file_name().to_string_lossy().starts_with(PREFIX);
        // Neither a link nor a file of that name is followed or touched.
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        let modified = entry.metadata().and_then(|metadata| metadata.modified());
        let age = modified
            .ok()
            .and_then(|modified| SystemTime::now().duration_since(modified).ok());
        if is_ours && is_folder && age.is_some_and(|age| age > ABANDONED_AFTER) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
    Ok(())
}
