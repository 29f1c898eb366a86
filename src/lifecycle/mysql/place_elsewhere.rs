//! Tenants that don't live in a database of their name on the pool's own server.
//!
//! The directory on the main server, and the tenant's database on the other one, can't change in one transaction. So the
//! directory's row of a new tenant is unfinished until its database is complete, and that of a tenant which goes is
//! unfinished until its database is gone: nobody can check the tenant out meanwhile. The same call finishes what was
//! interrupted.

use std::sync::Arc;

use diesel::{
    migration::{MigrationSource, MigrationVersion},
    mysql,
};

use super::create::{Migrations, versions};
use crate::{
    IntoSchemaName, LifecycleError, Mysql, Placement, SchemaName, TenantPool, TenantStatus,
    backend::mysql::{
        Server,
        lifecycle::{self, OperationError},
        locks::LOCK_TIMEOUT,
        migrations::Plan,
        to_the_end,
    },
    tenancy::{DirectoryChange, LifecycleEvent, Tables},
};

/// Makes the database of a tenant that this server's directory places on another server, or what is missing of it.
async fn make(place: &Server, schema: &SchemaName, migrations: Migrations) -> Result<Vec<String>, OperationError> {
    let plan = Plan::read(migrations).await?;
    match lifecycle::create(place, schema, &plan, LOCK_TIMEOUT).await {
        // An earlier attempt made it. A database that the directory doesn't own is another tenant's.
        Err(OperationError::Exists { .. }) if !is_not_ours(place, schema).await? => {
            lifecycle::migrate(place, schema, &plan, LOCK_TIMEOUT).await
        }
        made => made,
    }
}

/// Whether there is no database of this name that belongs to this directory.
async fn is_not_ours(place: &Server, schema: &SchemaName) -> Result<bool, OperationError> {
    let found = lifecycle::find(place, schema).await?;
    Ok(!found.is_some_and(|entry| place.owns(&entry)))
}

/// The error for a place among rows of shared tables.
pub(super) fn no_row_security(operation: LifecycleEvent, placement: Placement) -> LifecycleError {
    LifecycleError::Elsewhere {
        operation,
        placement,
        instead: "MySQL has no row-level security: place the tenant in a database of its own",
    }
}

/// # Creating a tenant in a place of its own
impl TenantPool<Mysql> {
    /// Creates a tenant in a place of your choice, and records it in the [directory](crate::TenantDirectory). Returns
    /// the applied versions.
    ///
    /// On another server the tenant's database may have another name than the tenant. Until the tenant is complete, the
    /// directory lists it as unfinished, and it can't be checked out. The same holds after a crash or if a server is
    /// lost; the same call then finishes the tenant.
    ///
    /// # Errors
    /// [`LifecycleError`]; the tenant can't be checked out then. [`NoDirectory`](LifecycleError::NoDirectory) if the
    /// pool has no directory. MySQL has no row-level security, so a place among
    /// [rows of shared tables](Placement::rows) is [refused](LifecycleError::Elsewhere).
    pub async fn place_tenant(
        &self,
        tenant: impl IntoSchemaName,
        placement: Placement,
        migrations: impl MigrationSource<mysql::Mysql> + Send + Sync + 'static,
    ) -> Result<Vec<MigrationVersion<'static>>, LifecycleError> {
        let tenant = self.new_tenant_name(tenant)?;
        self.create_at(&tenant, &placement, Arc::new(migrations)).await
    }

    /// Creates a tenant in the place that the pool's policy chooses, or without a policy on the pool's own server.
    pub(super) async fn create_by_policy(
        &self,
        tenant: &SchemaName,
        migrations: Migrations,
    ) -> Result<Vec<MigrationVersion<'static>>, LifecycleError> {
        let Some(policy) = &self.mysql().placement_policy else {
            return self.create_database(tenant, migrations).await;
        };
        let event = LifecycleEvent::Create { tenant: tenant.clone() };
        let placement = match self.known(tenant, &event).await? {
            // An unfinished tenant that a crash left is finished where it is.
            Some(entry) if entry.status == TenantStatus::Unfinished => entry.placement,
            Some(_) => return Err(LifecycleError::AlreadyExists { tenant: tenant.clone() }),
            None => policy
                .place(tenant, self)
                .await
                .map_err(|source| LifecycleError::Policy {
                    operation: event,
                    source,
                })?,
        };
        self.create_at(tenant, &placement, migrations).await
    }

    async fn create_at(
        &self,
        tenant: &SchemaName,
        placement: &Placement,
        migrations: Migrations,
    ) -> Result<Vec<MigrationVersion<'static>>, LifecycleError> {
        let event = LifecycleEvent::Create { tenant: tenant.clone() };
        let (database, schema) = match placement.parts() {
            (None, Tables::Schema(schema)) if schema == tenant => {
                return self.create_database(tenant, migrations).await;
            }
            (None, Tables::Schema(_)) => {
                return Err(LifecycleError::OtherName {
                    tenant: tenant.clone(),
                    placement: placement.clone(),
                });
            }
            (Some(database), Tables::Schema(schema)) => (database, schema),
            (_, Tables::Rows(_)) => return Err(no_row_security(event, placement.clone())),
        };
        self.keep_to_directory(&event).await?;
        let elsewhere = self.server_of_tenant(database, &event).await?;
        if schema == elsewhere.shared_schema() {
            return Err(LifecycleError::Elsewhere {
                operation: event,
                placement: placement.clone(),
                instead: "that database has the shared tables of its server: take another name",
            });
        }
        elsewhere.tenant_name(schema)?;
        let placed = self.place(tenant, placement, elsewhere, schema, migrations, &event);
        self.between_hooks(&event, placed).await
    }

    async fn place(
        &self,
        tenant: &SchemaName,
        placement: &Placement,
        elsewhere: Self,
        schema: &SchemaName,
        migrations: Migrations,
        event: &LifecycleEvent,
    ) -> Result<Vec<MigrationVersion<'static>>, LifecycleError> {
        let (pool, work_event) = (self.clone(), event.clone());
        let (name, placement, schema) = (tenant.clone(), placement.clone(), schema.clone());
        // Once begun, it goes on if the future is dropped.
        let placed = to_the_end(async move {
            let event = &work_event;
            let place = pool.server_of_place(&elsewhere, &placement, event).await?;
            let server = pool.recording_server();
            // Held until the end, so that no other operation places this tenant meanwhile.
            let _lock = pool.lock(&server, &name, event).await?;
            let known = pool.known(&name, event).await?;
            let is_new = known.is_none();
            match known {
                None => {
                    if !lifecycle::is_free(&place, &schema).await.map_err(pool.failed(event))? {
                        return Err(LifecycleError::AlreadyExists { tenant: schema });
                    }
                    let change = DirectoryChange::Placed {
                        tenant: &name,
                        placement: &placement,
                        finished: false,
                    };
                    if !pool.can_record(&change) {
                        return Err(LifecycleError::NoDirectory {
                            operation: event.clone(),
                        });
                    }
                    lifecycle::note(&server, &change).await.map_err(pool.failed(event))?;
                }
                Some(entry) if entry.status == TenantStatus::Unfinished && entry.placement == placement => {}
                Some(_) => return Err(LifecycleError::AlreadyExists { tenant: name }),
            }
            let made = make(&place, &schema, migrations).await;
            elsewhere.forget(std::slice::from_ref(&schema));
            if made.is_err() && is_new && matches!(is_not_ours(&place, &schema).await, Ok(true)) {
                // The earlier error is returned. If this fails, the same call can continue later.
                let _ = lifecycle::note(&server, &DirectoryChange::Removed { tenant: &name }).await;
            }
            let made = made.map_err(pool.failed(event))?;
            let finished = DirectoryChange::Finished { tenant: &name };
            lifecycle::note(&server, &finished).await.map_err(pool.failed(event))?;
            Ok(versions(made))
        });
        let placed = placed.await;
        self.forget(std::slice::from_ref(tenant));
        placed
    }
}
