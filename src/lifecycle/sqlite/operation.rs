//! One operation on tenants' files and on what the directory says of them.
//!
//! The two can't be changed in one transaction. So an operation takes steps. After each step the tenants involved are
//! as before, or as afterwards, or unknown: a tenant is reached only by an active entry of the directory *and* an
//! active file of the tenant's name. The same call finishes an operation that was interrupted.
//!
//! - The entry of a new tenant is unfinished until its file is complete. Whatever file there is until then was never
//!   used, and is made anew.
//! - A tenant's file is dropped before its entry is removed.
//! - A file that gets another name is an archive while its entry changes. The note in it tells whose file it was.

use std::sync::Arc;

use diesel::result::{DatabaseErrorKind, Error as DieselError};

use super::of_file;
use crate::{
    LifecycleError, Placement, SchemaName, Sqlite, TenantPool, TenantStatus,
    backend::{
        sqlite::{
            STATE_TABLE, blocking,
            files::{FILE_LOCK_TIMEOUT, Facts, FileError, Folder},
        },
        tasks::to_the_end,
    },
    lifecycle::lifecycle_error::is_for_who_left,
    tenancy::{DirectoryChange, DirectoryEntry, LifecycleEvent},
};

/// An operation under way.
#[derive(Clone)]
pub(super) struct Operation {
    pool: TenantPool<Sqlite>,
    event: LifecycleEvent,
    tenants: Arc<[SchemaName]>,
    /// Whether the pool has a directory that is told of changes.
    pub(super) is_recorded: bool,
}

impl TenantPool<Sqlite> {
    /// Runs an operation on some tenants, between the hooks. Once begun, it goes on if the future is dropped.
    pub(super) async fn operate<T, F>(
        &self,
        event: &LifecycleEvent,
        tenants: &[&SchemaName],
        work: impl FnOnce(Operation) -> F,
    ) -> Result<T, LifecycleError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, LifecycleError>> + Send + 'static,
    {
        let operation = Operation {
            pool: self.clone(),
            event: event.clone(),
            tenants: tenants.iter().map(|&tenant| tenant.clone()).collect(),
            is_recorded: self.is_recorded(),
        };
        let work = work(operation.clone());
        self.between_hooks(event, async {
            to_the_end(async move {
                let _lock = operation.begin().await?;
                work.await
            })
            .await
        })
        .await
    }

    /// Whether the pool has a directory that is told of changes.
    pub(super) fn is_recorded(&self) -> bool {
        self.can_record(&DirectoryChange::Removed {
            tenant: self.shared_schema(),
        })
    }

    /// Closes the idle connections to tenants' files, and forgets what is known of them.
    fn let_go(&self, tenants: &[SchemaName]) {
        self.sqlite().release(tenants);
        for tenant in tenants {
            self.sqlite().known.forget(tenant);
            if let Some(remembered) = self.remembered() {
                remembered.known.forget(tenant);
            }
        }
    }
}

impl Operation {
    /// Keeps other operations away from the tenants' entries. Refuses an operation of which a directory would not
    /// learn.
    async fn begin(&self) -> Result<impl Send + use<>, LifecycleError> {
        let (folder, tenants) = (self.pool.folder(), Arc::clone(&self.tenants));
        if self.is_recorded {
            let lock =
                blocking(move || folder.lock_entries(&tenants.iter().collect::<Vec<_>>(), FILE_LOCK_TIMEOUT)).await;
            return lock.map(Some).map_err(|error| of_file(&self.event, error));
        }
        match blocking(move || folder.has_shared_table(STATE_TABLE, FILE_LOCK_TIMEOUT)).await {
            Ok(false) => Ok(None),
            Ok(true) => Err(LifecycleError::DirectoryIgnored {
                operation: self.event.clone(),
                schema: self.pool.shared_schema().clone(),
            }),
            Err(error) => Err(of_file(&self.event, error)),
        }
    }

    /// A step on the files.
    pub(super) async fn files<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Folder) -> Result<T, FileError> + Send + 'static,
    ) -> Result<T, LifecycleError> {
        let (pool, tenants) = (self.pool.clone(), Arc::clone(&self.tenants));
        let done = blocking(move || {
            pool.let_go(&tenants);
            let done = work(&pool.folder());
            pool.let_go(&tenants);
            done
        });
        done.await.map_err(|error| of_file(&self.event, error))
    }

    /// A step in the directory.
    pub(super) async fn record(&self, change: &DirectoryChange<'_>) -> Result<(), LifecycleError> {
        let directory = self.pool.directory();
        let Some(sql) = directory.and_then(|directory| directory.record(change, &self.pool)) else {
            return Ok(());
        };
        let (pool, tenants) = (self.pool.clone(), Arc::clone(&self.tenants));
        let recorded = blocking(move || {
            let recorded = pool.folder().change_shared(&sql, FILE_LOCK_TIMEOUT);
            pool.let_go(&tenants);
            recorded
        });
        recorded.await.map_err(|source| match source {
            source if is_for_who_left(&source) => LifecycleError::LeftLately {
                operation: self.event.clone(),
                source,
            },
            source @ DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, _) => LifecycleError::PlaceTaken {
                operation: self.event.clone(),
                source,
            },
            source => self.directory_failed(source),
        })
    }

    /// What the directory says of a tenant now.
    pub(super) async fn entry(&self, tenant: &SchemaName) -> Result<Option<DirectoryEntry>, LifecycleError> {
        let Some(directory) = self.pool.directory() else {
            return Ok(None);
        };
        let found = directory.find(tenant, &self.pool).await;
        found.map_err(|source| LifecycleError::Directory {
            operation: self.event.clone(),
            source,
        })
    }

    /// The entry of a tenant that may be renamed, archived, suspended or resumed.
    pub(super) async fn tenants_entry(&self, tenant: &SchemaName) -> Result<DirectoryEntry, LifecycleError> {
        match self.entry(tenant).await? {
            Some(entry) if entry.status.is_tenant() => match self.not_own_file(tenant, &entry) {
                Some(error) => Err(error),
                None => Ok(entry),
            },
            _ => Err(LifecycleError::NotFound { tenant: tenant.clone() }),
        }
    }

    /// The error of an operation that would change a file of another name than the tenant's.
    pub(super) fn not_own_file(&self, tenant: &SchemaName, entry: &DirectoryEntry) -> Option<LifecycleError> {
        entry.placement.is_elsewhere(tenant).then(|| LifecycleError::Elsewhere {
            operation: self.event.clone(),
            placement: entry.placement.clone(),
            instead: "on SQLite that is possible only for a tenant in a file of its own name",
        })
    }

    /// Refuses to drop a file without an entry that is another tenant's, by the directory or by the note in the file.
    pub(super) async fn require_nobodys(&self, file: &SchemaName) -> Result<(), LifecycleError> {
        let others = |owner| LifecycleError::OthersSchema {
            operation: self.event.clone(),
            owner,
        };
        let listed = match self.pool.directory() {
            Some(directory) => directory.list(&self.pool).await,
            None => Ok(None),
        };
        let listed = listed.map_err(|source| LifecycleError::Directory {
            operation: self.event.clone(),
            source,
        })?;
        let place = Placement::schema(file.clone());
        let mut listed = listed.unwrap_or_default().into_iter();
        if let Some((owner, _)) = listed.find(|(_, entry)| entry.placement == place) {
            return Err(others(owner));
        }
        // A rename or an archiving was interrupted.
        let was = self.facts(file).await.ok().flatten().and_then(|facts| facts.archive);
        if let Some(was) = was
            && self.is_missing(&was.tenant).await?
            && self.tenants_entry(&was.tenant).await.is_ok()
        {
            return Err(others(was.tenant));
        }
        Ok(())
    }

    pub(super) async fn facts(&self, tenant: &SchemaName) -> Result<Option<Facts>, LifecycleError> {
        let tenant = tenant.clone();
        self.files(move |folder| folder.facts(&tenant)).await
    }

    pub(super) async fn is_missing(&self, tenant: &SchemaName) -> Result<bool, LifecycleError> {
        let tenant = tenant.clone();
        self.files(move |folder| Ok(!folder.has_file(&tenant)?)).await
    }

    /// Whether the file of this name was this tenant's, and is on its way to another name.
    pub(super) async fn was_of(&self, file: &SchemaName, tenant: &SchemaName) -> Result<bool, LifecycleError> {
        let facts = self.facts(file).await?;
        Ok(facts.is_some_and(|facts| {
            facts.status == TenantStatus::Archived && facts.archive.is_some_and(|note| note.tenant == *tenant)
        }))
    }

    fn directory_failed(&self, source: DieselError) -> LifecycleError {
        LifecycleError::Directory {
            operation: self.event.clone(),
            source: source.into(),
        }
    }
}
