//! One truth about tenants: an operation that the directory would not learn of is refused.

use super::of_life;
use crate::{
    LifecycleError, Mysql, TenantPool,
    backend::{
        directory_tables::DirectoryUnusable,
        mysql::{SessionError, directory_tables},
    },
    pool::MysqlError,
    tenancy::{DirectoryChange, LifecycleEvent},
};

impl TenantPool<Mysql> {
    /// Refuses an operation of which the directory would not learn, and one on a tenant that the directory does not
    /// know, before anything is done.
    pub(super) async fn keep_to_directory(&self, event: &LifecycleEvent) -> Result<(), LifecycleError> {
        // Further servers have no directory of their own: the main pool records its operations there in its own
        // directory.
        if self.mysql().is_further {
            return Ok(());
        }
        if self.is_recorded() {
            return self.require_known(event).await;
        }
        match self.has_directory_tables().await {
            Ok(false) => Ok(()),
            Ok(true) => Err(LifecycleError::DirectoryIgnored {
                operation: event.clone(),
                schema: self.shared_schema().clone(),
            }),
            Err(SessionError::Database(source)) => Err(LifecycleError::DirectoryUnusable {
                operation: event.clone(),
                source: DirectoryUnusable::Unread {
                    schema: self.shared_schema().clone(),
                    source,
                },
            }),
            Err(error) => Err(of_life(event, self.shared_schema(), error.into())),
        }
    }

    /// Whether a sweep would finish operations of which a directory would not learn.
    pub(super) async fn require_no_other_directory(&self) -> Result<(), MysqlError> {
        if self.mysql().is_further || self.is_recorded() {
            return Ok(());
        }
        match self.has_directory_tables().await {
            Ok(false) => Ok(()),
            Ok(true) => Err(MysqlError::directory_ignored(self.shared_schema())),
            Err(error) => Err(*MysqlError::session(error)),
        }
    }

    /// Whether the pool has a directory that is told of changes.
    pub(super) fn is_recorded(&self) -> bool {
        self.can_record(&DirectoryChange::Removed {
            tenant: self.shared_schema(),
        })
    }

    /// Refuses to touch a database that belongs to another tenant, or to no tenant, by the directory.
    async fn require_known(&self, event: &LifecycleEvent) -> Result<(), LifecycleError> {
        let (LifecycleEvent::Rename { from: tenant, .. }
        | LifecycleEvent::Clone { from: tenant, .. }
        | LifecycleEvent::Suspend { tenant }
        | LifecycleEvent::Resume { tenant }
        | LifecycleEvent::Archive { tenant }
        | LifecycleEvent::Restore { archive: tenant, .. }
        | LifecycleEvent::Drop { tenant }) = event
        else {
            return Ok(());
        };
        match (self.known(tenant, event).await?, event) {
            (Some(entry), LifecycleEvent::Clone { .. }) if entry.placement.is_elsewhere(tenant) => {
                Err(LifecycleError::Elsewhere {
                    operation: event.clone(),
                    placement: entry.placement,
                    instead: "only a tenant in a database of its name on the pool's own server can be cloned",
                })
            }
            (Some(_), _) => Ok(()),
            // What a crash has left, or a tenant whose row was removed by hand.
            (None, LifecycleEvent::Drop { .. }) => match self.owner_of(tenant, event).await? {
                None => Ok(()),
                Some(owner) => Err(LifecycleError::OthersSchema {
                    operation: event.clone(),
                    owner,
                }),
            },
            (None, LifecycleEvent::Restore { .. }) => Err(LifecycleError::NotArchived {
                archive: tenant.clone(),
            }),
            (None, _) => Err(LifecycleError::NotFound { tenant: tenant.clone() }),
        }
    }

    async fn has_directory_tables(&self) -> Result<bool, SessionError> {
        let mut session = self.mysql_server().open().await?;
        Ok(directory_tables::are_there(&mut session, self.shared_schema()).await?)
    }
}
