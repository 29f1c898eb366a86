//! A temporary folder: its files are migrated, read, and removed.
//!
//! A future that was dropped leaves work behind that still runs on another thread, and may make a file while the folder
//! is being removed. So removing is repeated until nothing is left. Nobody else makes the folder itself: once it is
//! gone, it stays gone, and what still runs fails.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant, SystemTime},
};

use crate::{
    backend::{random::random, sqlite::blocking},
    rust_schema::RustSchemaError,
};

/// The beginning of every scratch folder's name.
const PREFIX: &str = "diesel-tenants-scratch-";

/// A scratch folder of this age was left behind by a killed process.
const ABANDONED_AFTER: Duration = Duration::from_secs(3600);

/// How long a folder is tried to be removed in which somebody still makes files.
const REMOVED_WITHIN: Duration = Duration::from_secs(60);

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
        let chance = random();
        let path = temporary.join(format!("{PREFIX}{}-{chance:016x}", std::process::id()));
        match private_folder().create(&path) {
            Ok(()) => Ok(Self { path }),
            Err(source) => Err(RustSchemaError::ScratchFolder { path, source }),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Removes the folder before it returns.
    pub(super) async fn remove(self) {
        blocking(move || remove(&self.path)).await;
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if is_removed(&self.path) {
            return;
        }
        let path = self.path.clone();
        // What stays, if there is no thread either, is removed by a later call.
        let _ = thread::Builder::new().spawn(move || remove(&path));
    }
}

fn is_removed(path: &Path) -> bool {
    match fs::remove_dir_all(path) {
        Ok(()) => true,
        Err(error) => error.kind() == io::ErrorKind::NotFound && !path.exists(),
    }
}

fn remove(path: &Path) {
    let begun = Instant::now();
    while !is_removed(path) && begun.elapsed() < REMOVED_WITHIN {
        thread::sleep(Duration::from_millis(10));
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
