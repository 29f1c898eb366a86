//! Tenants that were there before the directory.

use super::place_elsewhere::no_row_security;
use crate::{
    IntoSchemaName, LifecycleError, Mysql, Placement, SchemaName, TenantPool, TenantStatus,
    backend::mysql::{lifecycle, to_the_end},
    tenancy::{DirectoryChange, LifecycleEvent, Tables},
};

/// # Tenants that were there before the directory
impl TenantPool<Mysql> {
    /// Records in the [directory](crate::TenantDirectory) a tenant whose database exists already, and is known to its
    /// server. The tenant's tables don't change. A suspended tenant stays suspended, also for programs that connect to
    /// its server directly, until this pool resumes it.
    ///
    /// [`prepare_directory`](Self::prepare_directory) has recorded the tenants of the pool's own server. On another
    /// server the tenant belongs to this directory from now on: programs that connect to that server directly, and other
    /// directories, refuse to suspend, rename, archive or drop it.
    ///
    /// ```no_run
    /// # async fn run(pool: diesel_tenants::TenantPool<diesel_tenants::Mysql>) -> Result<(), Box<dyn std::error::Error>> {
    /// use diesel_tenants::Placement;
    ///
    /// let place = Placement::schema("client1".parse()?).in_database("shard1");
    /// pool.adopt_tenant("client1", place).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`LifecycleError`]. [`AlreadyExists`](LifecycleError::AlreadyExists) if the directory knows a tenant of that name,
    /// [`NotFound`](LifecycleError::NotFound) if the server knows no such tenant, or only an archive or an unfinished
    /// one, [`OthersDirectory`](LifecycleError::OthersDirectory) if the tenant belongs to the directory of another server.
    /// A tenant that the directory of its own server lists is refused too: delete its row there first.
    ///
    /// If the process dies while it adopts a tenant of another server, the directory lists the tenant as unfinished, and
    /// it can't be checked out: the same call goes on.
    pub async fn adopt_tenant(&self, tenant: impl IntoSchemaName, placement: Placement) -> Result<(), LifecycleError> {
        let tenant = self.new_tenant_name(tenant)?;
        let event = LifecycleEvent::Create { tenant: tenant.clone() };
        let elsewhere = match placement.parts() {
            (None, Tables::Schema(schema)) if *schema == tenant => None,
            (Some(database), Tables::Schema(schema)) => Some((database, schema)),
            (None, Tables::Schema(_)) => return Err(LifecycleError::OtherName { tenant, placement }),
            (_, Tables::Rows(_)) => return Err(no_row_security(event, placement)),
        };
        if !self.is_recorded() {
            return Err(LifecycleError::NoDirectory { operation: event });
        }
        match elsewhere {
            Some((database, schema)) => {
                let elsewhere = self.server_of_tenant(database, &event).await?;
                if schema == elsewhere.shared_schema() {
                    return Err(LifecycleError::NotFound { tenant });
                }
                elsewhere.tenant_name(schema)?;
                self.adopt_elsewhere(&tenant, &placement, elsewhere, schema, &event)
                    .await
            }
            None => self.adopt_own(&tenant, &event).await,
        }
    }

    /// A tenant of this server, which the directory doesn't list: its row was deleted by SQL.
    async fn adopt_own(&self, tenant: &SchemaName, event: &LifecycleEvent) -> Result<(), LifecycleError> {
        let (pool, tenant, work_event) = (self.clone(), tenant.clone(), event.clone());
        to_the_end(async move {
            let event = &work_event;
            let server = pool.recording_server();
            let _lock = pool.lock(&server, &tenant, event).await?;
            if pool.known(&tenant, event).await?.is_some() {
                return Err(LifecycleError::AlreadyExists { tenant });
            }
            let found = lifecycle::find_adoptable(&server, &tenant).await;
            let status = found.map_err(pool.failed(event))?.status;
            let added = DirectoryChange::Added { tenant: &tenant };
            let suspended = DirectoryChange::Suspended { tenant: &tenant };
            let noted = match status {
                TenantStatus::Suspended => lifecycle::note_all(&server, &[added, suspended]).await,
                _ => lifecycle::note(&server, &added).await,
            };
            pool.forget(std::slice::from_ref(&tenant));
            noted.map_err(pool.failed(event))
        })
        .await
    }

    /// A tenant of another server. Two servers can't change in one transaction: the row is unfinished until that server
    /// has noted that the tenant belongs to this directory.
    async fn adopt_elsewhere(
        &self,
        tenant: &SchemaName,
        placement: &Placement,
        elsewhere: Self,
        schema: &SchemaName,
        event: &LifecycleEvent,
    ) -> Result<(), LifecycleError> {
        let (pool, work_event) = (self.clone(), event.clone());
        let (tenant, placement, schema) = (tenant.clone(), placement.clone(), schema.clone());
        to_the_end(async move {
            let event = &work_event;
            let place = pool.server_of_place(&elsewhere, &placement, event).await?;
            let server = pool.recording_server();
            let _lock = pool.lock(&server, &tenant, event).await?;
            let known = pool.known(&tenant, event).await?;
            match &known {
                None => {
                    // What would be refused in the end leaves no row.
                    let found = lifecycle::find_adoptable(&place, &schema).await;
                    if found.map_err(pool.failed(event))?.placed_by.is_some() {
                        pool.require_forgotten(&placement, event).await?;
                    }
                    let change = DirectoryChange::Placed {
                        tenant: &tenant,
                        placement: &placement,
                        finished: false,
                    };
                    lifecycle::note(&server, &change).await.map_err(pool.failed(event))?;
                }
                Some(entry) if entry.status == TenantStatus::Unfinished && entry.placement == placement => {}
                Some(_) => return Err(LifecycleError::AlreadyExists { tenant }),
            }
            let status = match lifecycle::give_to_directory(&place, &schema).await {
                Ok(status) => status,
                Err(error) => {
                    if known.is_none() {
                        // The earlier error is returned. If this fails, the same call can continue later.
                        let _ = lifecycle::note(&server, &DirectoryChange::Removed { tenant: &tenant }).await;
                    }
                    return Err(pool.failed(event)(error));
                }
            };
            let change = match status {
                TenantStatus::Suspended => DirectoryChange::Suspended { tenant: &tenant },
                _ => DirectoryChange::Finished { tenant: &tenant },
            };
            lifecycle::note(&server, &change).await.map_err(pool.failed(event))?;
            elsewhere.forget(std::slice::from_ref(&schema));
            pool.forget(std::slice::from_ref(&tenant));
            Ok(())
        })
        .await
    }

    /// Fails if this directory, which owns the database of that place, lists another tenant there.
    async fn require_forgotten(&self, placement: &Placement, event: &LifecycleEvent) -> Result<(), LifecycleError> {
        let listed = match self.directory() {
            Some(directory) => directory.list(self).await,
            None => Ok(None),
        };
        let listed = listed.map_err(|source| LifecycleError::Directory {
            operation: event.clone(),
            source,
        })?;
        let Some(listed) = listed else {
            return Err(LifecycleError::Elsewhere {
                operation: event.clone(),
                placement: placement.clone(),
                instead: "this directory owns that database already, and can't tell for which tenant",
            });
        };
        match listed.into_iter().find(|(_, entry)| entry.placement == *placement) {
            Some((owner, _)) => Err(LifecycleError::OthersSchema {
                operation: event.clone(),
                owner,
            }),
            None => Ok(()),
        }
    }
}
