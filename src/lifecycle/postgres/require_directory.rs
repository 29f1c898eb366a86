//! One truth about tenants: an operation that the directory would not learn of is refused.

use super::operation::connect;
use crate::{
    TenantPool,
    backend::{directory_tables::DirectoryUnusable, postgres::FoundDirectory},
    lifecycle::LifecycleError,
    tenancy::{DirectoryChange, LifecycleEvent},
};

impl TenantPool {
    /// Refuses an operation of which the directory would not learn, before anything is done.
    pub(super) async fn keep_to_directory(&self, event: &LifecycleEvent) -> Result<(), LifecycleError> {
        // Further databases have no directory of their own: the main pool records its operations there in its own
        // directory.
        if self.is_further() {
            return Ok(());
        }
        let unusable = |source| LifecycleError::DirectoryUnusable {
            operation: event.clone(),
            source,
        };
        let Some(tables) = self.find_directory(event).await? else {
            return Ok(());
        };
        let tells = self.can_record(&DirectoryChange::Removed {
            tenant: self.shared_schema(),
        });
        if !tells {
            return Err(LifecycleError::DirectoryIgnored {
                operation: event.clone(),
                schema: self.shared_schema().clone(),
            });
        }
        tables.require_writable(self.shared_schema(), event).map_err(unusable)?;
        self.require_own_schema(event).await
    }

    /// Refuses to touch a schema that belongs to another tenant, or to no tenant, by the directory.
    async fn require_own_schema(&self, event: &LifecycleEvent) -> Result<(), LifecycleError> {
        let (LifecycleEvent::Rename { from: tenant, .. }
        | LifecycleEvent::Clone { from: tenant, .. }
        | LifecycleEvent::Suspend { tenant }
        | LifecycleEvent::Resume { tenant }
        | LifecycleEvent::Archive { tenant }
        | LifecycleEvent::Drop { tenant }) = event
        else {
            return Ok(());
        };
        let elsewhere = |placement, instead| LifecycleError::Elsewhere {
            operation: event.clone(),
            placement,
            instead,
        };
        match (self.known(tenant, event).await?, event) {
            (Some(entry), LifecycleEvent::Clone { .. }) if entry.placement.is_elsewhere(tenant) => Err(elsewhere(
                entry.placement,
                "only a tenant in a schema of its name in the pool's own database can be cloned",
            )),
            (Some(_), _) => Ok(()),
            // The schema was left by a crash, or created by hand, and belongs to no tenant.
            (None, LifecycleEvent::Drop { .. }) => match self.owner_of(tenant, event).await? {
                None => Ok(()),
                Some(owner) => Err(LifecycleError::OthersSchema {
                    operation: event.clone(),
                    owner,
                }),
            },
            (None, _) => Err(LifecycleError::NotFound { tenant: tenant.clone() }),
        }
    }

    /// The directory's tables in this database, as the role of migrations sees them. This never waits for a connection
    /// of the pool.
    async fn find_directory(&self, event: &LifecycleEvent) -> Result<Option<FoundDirectory>, LifecycleError> {
        let schema = self.shared_schema();
        if let Some(mut checkout) = self.free_migration_connection().await {
            let (waiting, connection) = checkout.watched();
            let found = FoundDirectory::look(schema, connection).await;
            waiting.answered(found.is_ok());
            if let Ok(found) = found {
                return Ok(found);
            }
        }
        // The pool's connection may have died while it was idle.
        let mut connection = connect(self, event).await?;
        let found = FoundDirectory::look(schema, &mut connection).await;
        found.map_err(|source| LifecycleError::DirectoryUnusable {
            operation: event.clone(),
            source: DirectoryUnusable::Unread {
                schema: schema.clone(),
                source,
            },
        })
    }
}
