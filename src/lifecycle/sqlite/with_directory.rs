//! Operations that give an entry of the directory, and the file, another name.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::operation::Operation;
use crate::{
    LifecycleError, SchemaName, TenantStatus,
    backend::sqlite::files::{FILE_LOCK_TIMEOUT, Folder},
    tenancy::DirectoryChange,
};

impl Operation {
    pub(super) async fn rename(
        &self,
        from: &SchemaName,
        to: &SchemaName,
        wait: Duration,
    ) -> Result<(), LifecycleError> {
        let is_begun = self.is_missing(from).await? && self.was_of(to, from).await?;
        match (self.entry(from).await?, self.entry(to).await?) {
            (None, Some(entry)) if is_begun && entry.status.is_tenant() => {}
            (_, Some(_)) => return Err(LifecycleError::AlreadyExists { tenant: to.clone() }),
            (_, None) => {
                self.tenants_entry(from).await?;
                if !is_begun {
                    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                    self.archive_file(from, to, now.as_secs(), wait).await?;
                }
                self.record(&DirectoryChange::Renamed { from, to }).await?;
            }
        }
        self.make_active(to).await
    }

    pub(super) async fn archive(
        &self,
        tenant: &SchemaName,
        archive: SchemaName,
        since: u64,
        wait: Duration,
    ) -> Result<SchemaName, LifecycleError> {
        self.tenants_entry(tenant).await?;
        let archive = match self.archive_file(tenant, &archive, since, wait).await {
            Ok(()) => archive,
            // An earlier call was interrupted.
            Err(error @ LifecycleError::NotFound { .. }) => self.archive_without_entry(tenant).await?.ok_or(error)?,
            Err(error) => return Err(error),
        };
        let change = DirectoryChange::Archived {
            tenant,
            archive: &archive,
        };
        self.record(&change).await?;
        Ok(archive)
    }

    /// The file of a tenant that became an archive without the directory's knowing.
    async fn archive_without_entry(&self, tenant: &SchemaName) -> Result<Option<SchemaName>, LifecycleError> {
        for (archive, note) in self.files(Folder::archives).await? {
            if note.tenant == *tenant && self.entry(&archive).await?.is_none() {
                return Ok(Some(archive));
            }
        }
        Ok(None)
    }

    pub(super) async fn restore(&self, archive: &SchemaName, tenant: &SchemaName) -> Result<(), LifecycleError> {
        let not_archived = || LifecycleError::NotArchived {
            archive: archive.clone(),
        };
        let facts = self.facts(tenant).await?;
        let is_there = facts.is_some_and(|facts| facts.status == TenantStatus::Archived);
        let is_moved = archive == tenant || self.is_missing(archive).await? && is_there;
        let was = self.entry(archive).await?;
        let is = match archive == tenant {
            true => None,
            false => self.entry(tenant).await?,
        };
        match (was, is) {
            (None, Some(entry)) if is_moved && entry.status.is_tenant() => {}
            (Some(entry), None) if is_there && archive == tenant && entry.status.is_tenant() => {}
            (_, Some(_)) => return Err(LifecycleError::AlreadyExists { tenant: tenant.clone() }),
            (Some(entry), None) if entry.status != TenantStatus::Archived => return Err(not_archived()),
            (was, None) => {
                if was.is_none() && archive != tenant && is_moved {
                    return Err(not_archived());
                }
                let note = match is_moved {
                    true => self.facts(tenant).await?.and_then(|facts| facts.archive),
                    false => {
                        let names = (archive.clone(), tenant.clone());
                        let moved =
                            self.files(move |folder| folder.move_archive(&names.0, &names.1, FILE_LOCK_TIMEOUT));
                        Some(moved.await?)
                    }
                };
                let suspended = note.ok_or_else(not_archived)?.suspended;
                let change = match was {
                    Some(_) => DirectoryChange::Restored {
                        archive,
                        tenant,
                        suspended,
                    },
                    // It was archived without a directory.
                    None => DirectoryChange::Added { tenant },
                };
                self.record(&change).await?;
            }
        }
        self.make_active(tenant).await
    }

    pub(super) async fn archive_file(
        &self,
        tenant: &SchemaName,
        archive: &SchemaName,
        since: u64,
        wait: Duration,
    ) -> Result<(), LifecycleError> {
        let names = (tenant.clone(), archive.clone());
        self.files(move |folder| folder.archive(&names.0, &names.1, since, wait))
            .await
    }

    /// Ends what keeps a file under its new name from being used.
    async fn make_active(&self, tenant: &SchemaName) -> Result<(), LifecycleError> {
        let name = tenant.clone();
        self.files(move |folder| folder.restore(&name, &name, FILE_LOCK_TIMEOUT))
            .await
    }
}
