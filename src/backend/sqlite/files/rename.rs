use std::{path::Path, time::Duration};

use diesel_tenants_translate::SchemaName;

use super::{Access, FileError, Folder, failpoint, note, open::open};
use crate::tenancy::{ArchiveNote, TenantStatus};

impl Folder {
    /// Suspends a tenant, or makes it active again.
    pub(crate) fn set_status(
        &self,
        tenant: &SchemaName,
        status: TenantStatus,
        wait: Duration,
    ) -> Result<(), FileError> {
        let path = self.path_of(tenant)?;
        let _lock = self.lock("change the status", &[tenant], wait)?;
        match self.facts(tenant)? {
            Some(facts) if facts.status == status => return Ok(()),
            Some(facts) if facts.status.is_tenant() => {}
            _ => return Err(FileError::Missing { path }),
        }
        mark(&path, status, wait)
    }

    /// Gives a tenant another name. Fails if a connection has the file open for longer than this.
    pub(crate) fn rename(&self, from: &SchemaName, to: &SchemaName, wait: Duration) -> Result<(), FileError> {
        let (path, target) = (self.path_of(from)?, self.path_of(to)?);
        let _lock = self.lock("rename", &[from, to], wait)?;
        match self.facts(from)? {
            Some(facts) if facts.status.is_tenant() => {}
            _ => return Err(FileError::Missing { path }),
        }
        self.require_free(to)?;
        self.exclusive_to_move(from, wait)?.move_to(&target)
    }

    /// Makes a tenant an archive of the given name. Repeated after a crash, it goes on.
    pub(crate) fn archive(
        &self,
        tenant: &SchemaName,
        archive: &SchemaName,
        since: u64,
        wait: Duration,
    ) -> Result<(), FileError> {
        let (path, target) = (self.path_of(tenant)?, self.path_of(archive)?);
        let _lock = self.lock("archive", &[tenant, archive], wait)?;
        let suspended = match self.facts(tenant)? {
            Some(facts) if facts.status.is_tenant() => facts.status == TenantStatus::Suspended,
            // An earlier call was killed after it had written the note.
            Some(facts) => match facts.archive {
                Some(note) if note.tenant == *tenant => note.suspended,
                _ => return Err(FileError::Missing { path }),
            },
            None => return Err(FileError::Missing { path }),
        };
        self.require_free(archive)?;
        let note = ArchiveNote {
            since,
            suspended,
            tenant: tenant.clone(),
            dropping: false,
        };
        let mut exclusive = self.exclusive_to_move(tenant, wait)?;
        // From here on nobody gets the tenant: the note comes before the name.
        exclusive.change(|connection| note::write(connection, &note.comment()))?;
        failpoint::reach("archive: noted");
        exclusive.move_to(&target)
    }

    /// Makes an archive a tenant of any free name. Killed midway, it leaves an archive, perhaps under the tenant's name.
    pub(crate) fn restore(&self, archive: &SchemaName, tenant: &SchemaName, wait: Duration) -> Result<(), FileError> {
        let _lock = self.lock("restore", &[archive, tenant], wait)?;
        let note = self.move_locked(archive, tenant, wait)?;
        mark(&self.path_of(tenant)?, note.status(), wait)
    }

    /// Gives an archive the name of the tenant that it will be.
    pub(crate) fn move_archive(
        &self,
        archive: &SchemaName,
        tenant: &SchemaName,
        wait: Duration,
    ) -> Result<ArchiveNote, FileError> {
        let _lock = self.lock("restore", &[archive, tenant], wait)?;
        self.move_locked(archive, tenant, wait)
    }

    fn move_locked(&self, archive: &SchemaName, tenant: &SchemaName, wait: Duration) -> Result<ArchiveNote, FileError> {
        let (path, target) = (self.path_of(archive)?, self.path_of(tenant)?);
        let note = match self.facts(archive)? {
            Some(facts) if facts.status == TenantStatus::Archived => facts.archive,
            _ => None,
        };
        let Some(note) = note else {
            return Err(FileError::NotArchived { path });
        };
        if archive != tenant {
            self.require_free(tenant)?;
            self.exclusive_to_move(archive, wait)?.move_to(&target)?;
            failpoint::reach("restore: moved");
        }
        Ok(note)
    }
}

/// Writes a status into a file whose lock the caller has.
fn mark(path: &Path, status: TenantStatus, wait: Duration) -> Result<(), FileError> {
    let mut connection = open(path, Access::Write, wait)?;
    note::write(&mut connection, &status.comment()).map_err(FileError::sqlite("change the status of", path))
}
