//! What operations ask the directory, whatever the kind of database.

use super::LifecycleError;
use crate::{
    SchemaName, TenantPool,
    pool::Backend,
    tenancy::{DirectoryChange, DirectoryEntry, LifecycleEvent, Tables},
};

impl<B: Backend> TenantPool<B> {
    /// Whether the directory can be changed.
    pub(crate) fn can_record(&self, change: &DirectoryChange<'_>) -> bool {
        self.directory()
            .is_some_and(|directory| directory.record(change, self).is_some())
    }

    /// The directory's entry of a tenant, asked now. Without a directory this is an error.
    pub(crate) async fn known(
        &self,
        tenant: &SchemaName,
        event: &LifecycleEvent,
    ) -> Result<Option<DirectoryEntry>, LifecycleError> {
        let Some(directory) = self.directory() else {
            return Err(LifecycleError::NoDirectory {
                operation: event.clone(),
            });
        };
        directory
            .find(tenant, self)
            .await
            .map_err(|source| LifecycleError::Directory {
                operation: event.clone(),
                source,
            })
    }

    /// The directory's entry of a tenant that does not live in a schema of its name in this database.
    pub(crate) async fn placed_elsewhere(
        &self,
        tenant: &SchemaName,
        event: &LifecycleEvent,
    ) -> Result<Option<DirectoryEntry>, LifecycleError> {
        if self.directory().is_none() {
            return Ok(None);
        }
        let entry = self.known(tenant, event).await?;
        Ok(entry.filter(|entry| entry.placement.is_elsewhere(tenant)))
    }

    /// The tenant to which a schema of this database belongs, by the directory.
    pub(super) async fn owner_of(
        &self,
        schema: &SchemaName,
        event: &LifecycleEvent,
    ) -> Result<Option<SchemaName>, LifecycleError> {
        let Some(directory) = self.directory() else {
            return Ok(None);
        };
        let listed = directory.list(self).await;
        let listed = listed.map_err(|source| LifecycleError::Directory {
            operation: event.clone(),
            source,
        })?;
        let mut listed = listed.unwrap_or_default().into_iter();
        let owner = listed.find(|(_, entry)| match entry.placement.parts() {
            (None, Tables::Schema(other)) => other == schema,
            (Some(_), Tables::Schema(_)) | (_, Tables::Rows(_)) => false,
        });
        Ok(owner.map(|(name, _)| name))
    }
}

/// Why nothing can be done to the tenant: its schema may be half made, or half gone.
pub(super) fn unfinished(entry: &DirectoryEntry, event: &LifecycleEvent) -> Option<LifecycleError> {
    (!entry.status.is_tenant()).then(|| LifecycleError::Elsewhere {
        operation: event.clone(),
        placement: entry.placement.clone(),
        instead: "it is unfinished: repeat the call that created, adopted or dropped it",
    })
}
