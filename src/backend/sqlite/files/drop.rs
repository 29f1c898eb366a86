use std::{fs, time::Duration};

use diesel_tenants_translate::SchemaName;

use super::{FileError, Folder, durable, failpoint};

/// The ending of a file that is being removed.
pub(super) const DROPPED: &str = ".dropped";

impl Folder {
    /// Removes a tenant, an archive, or whatever else has a tenant's path. Fails if a connection has the file open for
    /// longer than this.
    pub(crate) fn drop(&self, name: &SchemaName, wait: Duration) -> Result<(), FileError> {
        let path = self.path_of(name)?;
        let _lock = self.lock("drop", &[name], wait)?;
        if !self.has_file(name)? {
            return Err(FileError::Missing { path });
        }
        if path.is_symlink() {
            // It is no tenant's, and neither is what it leads to.
            return durable::remove(&path);
        }
        let dropped = self.passing_path(&self.stem_of(name)?, DROPPED);
        match self.exclusive(name, wait) {
            Ok(exclusive) => exclusive.take_away(&dropped)?,
            // A connection that had opened it before it was damaged goes on with files that have no path any more.
            Err(FileError::NotADatabase { .. }) => {
                let _moving = self.until(name, wait, || self.try_moving(&path))?;
                fs::rename(&path, &dropped).map_err(|error| FileError::io("remove", &path, error))?;
                durable::remove_companions(&path)?;
                durable::sync_folder(self.root())?;
            }
            Err(error) => return Err(error),
        }
        failpoint::reach("drop: renamed");
        durable::remove(&dropped)
    }
}
