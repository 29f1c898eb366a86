//! The lives of tenants that are files of SQLite.
//!
//! An operation on a file can't be one transaction with a row of a directory. So what makes a tenant reachable is done
//! before the directory is told, and what takes it away afterwards: in between, the tenant is unknown, and never
//! another's.

mod archives;
mod create;
mod requests;
mod status;

use std::sync::Arc;

use diesel_async::SimpleAsyncConnection;

use super::LifecycleError;
use crate::{
    SchemaName, Sqlite, TenantPool,
    backend::sqlite::{
        blocking,
        files::{FileError, Folder},
    },
    pool::SqliteError,
    tenancy::{DirectoryChange, LifecycleEvent},
};

impl TenantPool<Sqlite> {
    /// Runs an operation on the files of some tenants. Once begun, it goes on if the future is dropped.
    async fn on_files<T: Send + 'static>(
        &self,
        event: &LifecycleEvent,
        change: DirectoryChange<'_>,
        work: impl FnOnce(&Folder) -> Result<T, FileError> + Send + 'static,
    ) -> Result<T, LifecycleError> {
        let tenants: Vec<SchemaName> = change.names().cloned().collect();
        let comes_first = matches!(
            change,
            DirectoryChange::Suspended { .. }
                | DirectoryChange::Removed { .. }
                | DirectoryChange::Renamed { .. }
                | DirectoryChange::Archived { .. }
        );
        self.between_hooks(event, async {
            if comes_first {
                self.tell_directory(event, &change).await?;
            }
            let (pool, forgotten) = (self.clone(), tenants);
            let folder = self.folder();
            let done = blocking(move || {
                pool.let_go(&forgotten);
                let done = work(&folder);
                pool.let_go(&forgotten);
                done
            });
            let done = done.await.map_err(|error| of_file(event, error));
            match (&done, change) {
                (Ok(_), _) if !comes_first => self.tell_directory(event, &change).await?,
                (Err(_), DirectoryChange::Renamed { from, to }) => {
                    let back = DirectoryChange::Renamed { from: to, to: from };
                    self.tell_directory(event, &back).await?;
                }
                _ => {}
            }
            done
        })
        .await
    }

    /// Closes the idle connections to tenants' files, and forgets what is known of them.
    fn let_go(&self, tenants: &[SchemaName]) {
        self.sqlite().idle.release(tenants);
        for tenant in tenants {
            self.sqlite().known.forget(tenant);
            if let Some(remembered) = self.remembered() {
                remembered.known.forget(tenant);
            }
        }
    }

    async fn tell_directory(&self, event: &LifecycleEvent, change: &DirectoryChange<'_>) -> Result<(), LifecycleError> {
        let Some(sql) = self.directory().and_then(|directory| directory.record(change, self)) else {
            return Ok(());
        };
        let failed = |source: Box<dyn std::error::Error + Send + Sync>| LifecycleError::Directory {
            operation: event.clone(),
            source,
        };
        let mut shared = self.shared().get().await.map_err(|error| failed(error.into()))?;
        let told = shared.batch_execute(&sql).await;
        told.map_err(|error| failed(error.into()))
    }

    pub(crate) fn folder(&self) -> Arc<Folder> {
        Arc::clone(&self.sqlite().folder)
    }
}

/// The error of an operation that failed at a file.
fn of_file(event: &LifecycleEvent, error: FileError) -> LifecycleError {
    let name = match event {
        LifecycleEvent::Clone { to, .. } | LifecycleEvent::Rename { to, .. } => to,
        LifecycleEvent::Restore { tenant, .. }
        | LifecycleEvent::Create { tenant }
        | LifecycleEvent::Import { tenant }
        | LifecycleEvent::Move { tenant, .. }
        | LifecycleEvent::Suspend { tenant }
        | LifecycleEvent::Resume { tenant }
        | LifecycleEvent::Drop { tenant }
        | LifecycleEvent::Archive { tenant }
        | LifecycleEvent::Purge { archive: tenant } => tenant,
    };
    let missing = match event {
        LifecycleEvent::Clone { from, .. } | LifecycleEvent::Rename { from, .. } => from,
        _ => name,
    };
    match error {
        FileError::Exists { .. } => LifecycleError::AlreadyExists { tenant: name.clone() },
        FileError::Missing { .. } => LifecycleError::NotFound {
            tenant: missing.clone(),
        },
        FileError::NotArchived { .. } => match event {
            LifecycleEvent::Restore { archive, .. } => LifecycleError::NotArchived {
                archive: archive.clone(),
            },
            _ => LifecycleError::NotArchived { archive: name.clone() },
        },
        error => LifecycleError::Files {
            operation: event.clone(),
            source: Box::new(SqliteError::file(error)),
        },
    }
}
