//! What is done to tenants that don't live in a database of their name on the pool's own server.

use std::time::Duration;

use diesel::migration::MigrationVersion;

use super::{create::Migrations, of_life};
use crate::{
    LifecycleError, Mysql, Placement, SchemaName, TenantPool, TenantStatus,
    backend::mysql::{
        Server,
        lifecycle::{self, OperationError},
        locks::{LOCK_TIMEOUT, Lock},
        to_the_end,
    },
    lifecycle::{ask_directory::unfinished, status_change::change_to},
    tenancy::{DirectoryChange, DirectoryEntry, LifecycleEvent, Tables},
};

impl TenantPool<Mysql> {
    /// Applies pending migrations to a tenant that does not live in a database of its name on this server.
    pub(super) async fn migrate_elsewhere(
        &self,
        placement: &Placement,
        migrations: Migrations,
        event: &LifecycleEvent,
    ) -> Result<Vec<MigrationVersion<'static>>, LifecycleError> {
        match placement.parts() {
            (Some(database), Tables::Schema(schema)) => {
                let elsewhere = self.server_of_tenant(database, event).await?;
                elsewhere.migrate_database(schema, migrations, event).await
            }
            (None, Tables::Schema(schema)) => self.migrate_database(schema, migrations, event).await,
            (_, Tables::Rows(_)) => Ok(Vec::new()),
        }
    }

    /// Drops a tenant that lives elsewhere: its database there, and its row in the directory here. Meanwhile it can't be
    /// checked out.
    pub(super) async fn drop_elsewhere(
        &self,
        tenant: &SchemaName,
        entry: DirectoryEntry,
        event: &LifecycleEvent,
        wait: Duration,
    ) -> Result<(), LifecycleError> {
        let elsewhere = |instead| LifecycleError::Elsewhere {
            operation: event.clone(),
            placement: entry.placement.clone(),
            instead,
        };
        let (database, schema) = match entry.placement.parts() {
            (Some(database), Tables::Schema(schema)) => (database, schema),
            (None, Tables::Schema(_)) => {
                return Err(elsewhere(
                    "delete the tenant's row in the directory, and then drop that database by its own name",
                ));
            }
            (_, Tables::Rows(_)) => {
                let change = DirectoryChange::Removed { tenant };
                return self.note_elsewhere(tenant, &change, event).await;
            }
        };
        let other = self.server_of_tenant(database, event).await?;
        if schema == other.shared_schema() {
            return Err(elsewhere(
                "that database has the shared tables of its server: delete the tenant's row in the directory",
            ));
        }
        let (pool, work_event) = (self.clone(), event.clone());
        let (name, schema, status) = (tenant.clone(), schema.clone(), entry.status);
        let entry = entry.clone();
        let dropped = to_the_end(async move {
            let event = &work_event;
            let place = pool.server_of_place(&other, &entry.placement, event).await?;
            let server = pool.recording_server();
            let _lock = pool.lock(&server, &name, event).await?;
            let found = lifecycle::find(&place, &schema).await.map_err(pool.failed(event))?;
            if let Some(found) = found.filter(|found| !place.owns(found)) {
                return Err(LifecycleError::Elsewhere {
                    operation: event.clone(),
                    placement: entry.placement,
                    instead: match found.placed_by {
                        Some(_) => {
                            "that database belongs to another directory: delete the tenant's row in this directory"
                        }
                        None => {
                            "no directory placed or adopted that database: drop it by a pool of that server, and delete \
                             the tenant's row in the directory"
                        }
                    },
                });
            }
            let leaving = DirectoryChange::Leaving { tenant: &name };
            lifecycle::note(&server, &leaving).await.map_err(pool.failed(event))?;
            match lifecycle::drop_tenant(&place, &schema, wait).await {
                // A crash came between dropping the database and removing the row.
                Ok(()) | Err(OperationError::Missing { .. }) => {
                    other.forget(std::slice::from_ref(&schema));
                    let removed = DirectoryChange::Removed { tenant: &name };
                    lifecycle::note(&server, &removed).await.map_err(pool.failed(event))
                }
                Err(error) => {
                    // A tenant that was not dropped because it is in use is still complete. A half-dropped one can't be
                    // checked out anyway.
                    let back = match status {
                        TenantStatus::Active => Some(DirectoryChange::Resumed { tenant: &name }),
                        TenantStatus::Suspended => Some(DirectoryChange::Suspended { tenant: &name }),
                        _ => None,
                    };
                    if let Some(back) = back {
                        // The earlier error is returned. If this fails, the same call drops the tenant later.
                        let _ = lifecycle::note(&server, &back).await;
                    }
                    Err(pool.failed(event)(error))
                }
            }
        });
        let dropped = dropped.await;
        self.forget(std::slice::from_ref(tenant));
        dropped
    }

    /// Suspends or resumes a tenant that lives elsewhere, by its row in the directory. A tenant that was suspended when it
    /// was adopted is also resumed on its server.
    pub(super) async fn set_status_elsewhere(
        &self,
        tenant: &SchemaName,
        status: TenantStatus,
        event: &LifecycleEvent,
    ) -> Result<(), LifecycleError> {
        let change = change_to(tenant, status);
        if !self.can_record(&change) {
            return Err(LifecycleError::NoDirectory {
                operation: event.clone(),
            });
        }
        let server = self.recording_server();
        let _lock = self.lock(&server, tenant, event).await?;
        let Some(entry) = self.known(tenant, event).await? else {
            return Err(LifecycleError::NotFound { tenant: tenant.clone() });
        };
        if let Some(error) = unfinished(&entry, event) {
            return Err(error);
        }
        if let (TenantStatus::Active, (Some(database), Tables::Schema(schema))) = (status, entry.placement.parts()) {
            let elsewhere = self.server_of_tenant(database, event).await?;
            let directory = lifecycle::directory_id(&server).await.map_err(self.failed(event))?;
            let place = elsewhere.mysql_server().of_directory(directory);
            let awake = lifecycle::wake(&place, schema).await;
            elsewhere.forget(std::slice::from_ref(schema));
            awake.map_err(self.failed(event))?;
        }
        let noted = lifecycle::note(&server, &change).await;
        self.forget(std::slice::from_ref(tenant));
        noted.map_err(self.failed(event))
    }

    /// Renames a tenant that lives elsewhere in the directory. Its database keeps its name.
    pub(super) async fn rename_elsewhere(
        &self,
        from: &SchemaName,
        to: &SchemaName,
        event: &LifecycleEvent,
    ) -> Result<(), LifecycleError> {
        let change = DirectoryChange::Renamed { from, to };
        if !self.can_record(&change) {
            return Err(LifecycleError::NoDirectory {
                operation: event.clone(),
            });
        }
        let server = self.recording_server();
        let _lock = self.lock(&server, from, event).await?;
        // Another operation may have begun before the lock was there. It would go on under the former name.
        let Some(entry) = self.known(from, event).await? else {
            return Err(LifecycleError::NotFound { tenant: from.clone() });
        };
        if let Some(error) = unfinished(&entry, event) {
            return Err(error);
        }
        let noted = lifecycle::note(&server, &change).await;
        self.forget(&[from.clone(), to.clone()]);
        noted.map_err(self.failed(event))
    }

    /// Changes the directory's row of a tenant that lives elsewhere, and nothing else.
    pub(super) async fn note_elsewhere(
        &self,
        tenant: &SchemaName,
        change: &DirectoryChange<'_>,
        event: &LifecycleEvent,
    ) -> Result<(), LifecycleError> {
        if !self.can_record(change) {
            return Err(LifecycleError::NoDirectory {
                operation: event.clone(),
            });
        }
        let server = self.recording_server();
        let _lock = self.lock(&server, tenant, event).await?;
        let noted = lifecycle::note(&server, change).await;
        let names: Vec<SchemaName> = change.names().cloned().collect();
        self.forget(&names);
        noted.map_err(self.failed(event))
    }

    pub(super) async fn server_of_tenant(
        &self,
        database: &str,
        event: &LifecycleEvent,
    ) -> Result<Self, LifecycleError> {
        let pool = self.using_database(database).pool().await;
        pool.map_err(|source| LifecycleError::Database {
            operation: event.clone(),
            source,
        })
    }

    /// The server of a place, for work for this pool's directory.
    pub(super) async fn server_of_place(
        &self,
        elsewhere: &Self,
        placement: &Placement,
        event: &LifecycleEvent,
    ) -> Result<Server, LifecycleError> {
        let server = elsewhere.mysql_server();
        let own = lifecycle::directory_id(&self.mysql_server()).await;
        let own = own.map_err(self.failed(event))?;
        let there = lifecycle::directory_id(&server).await.map_err(self.failed(event))?;
        // Two names of one database would be two tenants, and one of them would go with the other.
        if own == there {
            return Err(LifecycleError::Elsewhere {
                operation: event.clone(),
                placement: placement.clone(),
                instead: "that server is the pool's own, or was copied from it: check the URL, and name no database for a \
                          tenant of the pool's own server",
            });
        }
        Ok(server.of_directory(own))
    }

    pub(super) async fn lock(
        &self,
        server: &Server,
        tenant: &SchemaName,
        event: &LifecycleEvent,
    ) -> Result<Lock, LifecycleError> {
        let lock = Lock::acquire(server, &[tenant], LOCK_TIMEOUT).await;
        lock.map_err(|error| self.failed(event)(error.into()))
    }

    /// The error of an operation that failed at a database.
    pub(super) fn failed(&self, event: &LifecycleEvent) -> impl Fn(OperationError) -> LifecycleError {
        move |error| of_life(event, self.shared_schema(), error)
    }
}
