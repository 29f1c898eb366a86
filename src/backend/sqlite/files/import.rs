use std::{fs, fs::File, io::Write, path::Path, time::Duration};

use diesel::{QueryableByName, RunQueryDsl, sql_types::Text};
use diesel_tenants_translate::SchemaName;

use super::{
    Access, Counts, FileError, Folder,
    create::{UNFINISHED, Unfinished},
    lock::{IMPORT, TenantLock},
    open::open,
    snapshot::inspect,
};
use crate::{backend::sqlite::migrations::AppliedVersion, tenancy::TenantStatus};

/// The file of a new tenant, as far as it has arrived. It is removed, whatever happens.
pub(crate) struct Received {
    file: File,
    unfinished: Unfinished,
    /// Keeps the file from being swept.
    _lock: TenantLock,
}

impl Received {
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), FileError> {
        let written = self.file.write_all(bytes);
        written.map_err(|error| FileError::io("write", &self.unfinished.path, error))
    }

    fn move_to(self, path: &Path) -> Result<(), FileError> {
        let Self {
            file,
            unfinished,
            _lock,
        } = self;
        drop(file);
        fs::rename(&unfinished.path, path).map_err(|error| FileError::io("rename", &unfinished.path, error))
    }
}

impl Folder {
    /// Begins to receive a tenant's file.
    pub(crate) fn receive(&self, tenant: &SchemaName, wait: Duration) -> Result<Received, FileError> {
        let lock = self.lock_import(tenant, wait)?;
        let path = self.passing_path(&(self.stem_of(tenant)? + IMPORT), UNFINISHED);
        let file = File::create_new(&path).map_err(|error| FileError::io("make", &path, error))?;
        Ok(Received {
            file,
            unfinished: Unfinished { path },
            _lock: lock,
        })
    }

    /// Creates a tenant of a file that was received, or does nothing. The file must have these versions.
    pub(crate) fn import(
        &self,
        tenant: &SchemaName,
        received: Received,
        versions: &[AppliedVersion],
        is_suspended: bool,
        wait: Duration,
    ) -> Result<Counts, FileError> {
        let path = self.path_of(tenant)?;
        let _lock = self.lock("import", &[tenant], wait)?;
        self.require_free(tenant)?;
        self.build(&self.stem_of(tenant)?, &path, |unfinished| {
            received.move_to(unfinished)?;
            must_be_sound(unfinished)?;
            let counts = match inspect(unfinished)? {
                Some((found, counts)) if found == versions => counts,
                _ => return Err(FileError::NotATenant),
            };
            let status = match is_suspended {
                true => TenantStatus::Suspended,
                false => TenantStatus::Active,
            };
            self.write_note(unfinished, status)?;
            Ok(counts)
        })
    }
}

/// Has SQLite look at every page of a file.
fn must_be_sound(path: &Path) -> Result<(), FileError> {
    #[derive(QueryableByName)]
    struct Check {
        #[diesel(sql_type = Text)]
        quick_check: String,
    }

    let mut connection = open(path, Access::AtRest, Duration::ZERO)?;
    let check = diesel::sql_query("PRAGMA main.quick_check(1)").get_result::<Check>(&mut connection);
    match check.map_err(FileError::sqlite("check", path))?.quick_check.as_str() {
        "ok" => Ok(()),
        _ => Err(FileError::NotATenant),
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::testing::{folder, name},
        *,
    };

    #[test]
    fn what_is_received_is_not_swept_and_what_a_killed_process_has_left_is() {
        let (_guard, folder) = folder();
        let tenant = name("client1");
        let mut received = folder.receive(&tenant, Duration::ZERO).unwrap();
        received.write(b"a beginning").unwrap();
        let path = received.unfinished.path.clone();
        assert_eq!(folder.sweep().unwrap(), 0);
        assert!(path.exists());
        let error = folder.receive(&tenant, Duration::ZERO).err().unwrap();
        assert!(matches!(error, FileError::Locked { .. }), "{error}");
        drop(received);
        assert!(!path.exists());
        fs::write(&path, "a beginning").unwrap();
        assert_eq!(folder.sweep().unwrap(), 1);
        assert!(!path.exists());
    }
}
