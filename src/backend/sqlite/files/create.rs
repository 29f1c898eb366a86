use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use diesel::connection::SimpleConnection;
use diesel_tenants_translate::SchemaName;

use super::{
    Access, FileError, Folder, durable, failpoint, note,
    open::{SCRATCH, open},
};
use crate::{
    backend::sqlite::migrations::{Confined, Durability, Plan},
    tenancy::TenantStatus,
};

/// The ending of a file that is not complete yet.
pub(super) const UNFINISHED: &str = ".unfinished";

impl Folder {
    /// Creates a tenant with all its migrations, or does nothing. Returns the versions.
    pub(crate) fn create(
        &self,
        tenant: &SchemaName,
        migrations: &Plan,
        status: TenantStatus,
        wait: Duration,
    ) -> Result<Vec<String>, FileError> {
        let path = self.path_of(tenant)?;
        let _lock = self.lock("create", &[tenant], wait)?;
        self.require_free(tenant)?;
        self.build(&self.stem_of(tenant)?, &path, |unfinished| {
            let confined = self.confine(unfinished, Durability::Scratch, wait);
            let versions = confined.apply(migrations).map_err(FileError::migration(&path))?;
            self.write_note(unfinished, status)?;
            Ok(versions)
        })
    }

    /// Applies the pending migrations of the shared schema, and returns their versions. Creates the file, if there is
    /// none.
    pub(crate) fn migrate_shared(&self, migrations: &Plan, wait: Duration) -> Result<Vec<String>, FileError> {
        let path = self.shared_path();
        let failed = FileError::migration(path);
        let _lock = self.lock_shared("migrate", wait)?;
        if path.exists() {
            return Confined::to_shared(path, Durability::Durable, wait)
                .apply(migrations)
                .map_err(failed);
        }
        let stem = super::file_name::stem(self.shared().as_str())?;
        self.build(&stem, path, |unfinished| {
            Confined::to_shared(unfinished, Durability::Scratch, wait)
                .apply(migrations)
                .map_err(failed)
        })
    }

    /// How a tenant's file is migrated.
    pub(super) fn confine(&self, path: &Path, durability: Durability, wait: Duration) -> Confined {
        Confined::to_tenant(path, self.shared(), self.shared_path(), durability, wait)
    }

    /// Writes the status into a file that is not complete yet.
    pub(super) fn write_note(&self, unfinished: &Path, status: TenantStatus) -> Result<(), FileError> {
        let mut connection = open(unfinished, Access::Write, Duration::ZERO)?;
        let written = connection
            .batch_execute(SCRATCH)
            .and_then(|()| note::write(&mut connection, &status.comment()));
        written.map_err(FileError::sqlite("write", unfinished))
    }

    /// Makes a file elsewhere, and puts it into its place when it is complete and on the disk. The caller has the lock.
    pub(super) fn build<T>(
        &self,
        stem: &str,
        path: &Path,
        fill: impl FnOnce(&Path) -> Result<T, FileError>,
    ) -> Result<T, FileError> {
        let unfinished = Unfinished {
            path: self.passing_path(stem, UNFINISHED),
        };
        failpoint::reach("build: begun");
        let made = fill(&unfinished.path)?;
        failpoint::reach("build: filled");
        settle(&unfinished.path)?;
        durable::sync_file(&unfinished.path)?;
        failpoint::reach("build: on disk");
        // A log of an earlier tenant would be copied into this one.
        durable::remove_companions(path)?;
        durable::publish(&unfinished.path, path)?;
        failpoint::reach("build: published");
        drop(unfinished);
        durable::sync_folder(self.root())?;
        failpoint::reach("build: done");
        Ok(made)
    }
}

/// Puts a new file into WAL mode, in which it stays, and leaves nothing beside it.
fn settle(path: &Path) -> Result<(), FileError> {
    let mut connection = open(path, Access::Write, Duration::ZERO)?;
    // Alone, SQLite needs no memory to share with others, which would be a file beside this one.
    let settled = connection.batch_execute(
        "PRAGMA main.locking_mode = EXCLUSIVE; PRAGMA main.synchronous = OFF; PRAGMA main.journal_mode = WAL",
    );
    settled.map_err(FileError::sqlite("complete", path))
}

/// A file that is not complete yet. It is removed, whatever happens.
pub(super) struct Unfinished {
    pub(super) path: PathBuf,
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // What stays is swept later.
        let _ = durable::remove(&self.path);
        let _ = durable::remove_companions(&self.path);
    }
}
