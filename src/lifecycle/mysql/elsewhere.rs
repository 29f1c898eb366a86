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
            let server = pool.recording_server();
            let _lock = pool.lock(&server, &name, event).await?;
            let found = lifecycle::find(&other.mysql_server(), &schema)
                .await
                .map_err(pool.failed(event))?;
            if found.is_some_and(|found| !found.placed) {
                return Err(LifecycleError::Elsewhere {
                    operation: event.clone(),
                    placement: entry.placement,
                    instead: "no directory placed that database there: drop it by a pool of that server, and delete the \
                              tenant's row in the directory",
                });
            }
            let leaving = DirectoryChange::Leaving { tenant: &name };
            lifecycle::note(&server, &leaving).await.map_err(pool.failed(event))?;
            match lifecycle::drop_tenant(&other.mysql_server(), &schema, wait).await {
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
