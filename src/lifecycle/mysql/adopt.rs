//! Tenants that were there before the directory.

use crate::{
    IntoSchemaName, LifecycleError, Mysql, Placement, SchemaName, TenantPool, TenantStatus,
    backend::mysql::{
        lifecycle::{self, OperationError},
        registry::Entry,
        to_the_end,
    },
    tenancy::{DirectoryChange, LifecycleEvent, Tables},
};

/// # Tenants that were there before the directory
impl TenantPool<Mysql> {
    /// Records in the [directory](crate::TenantDirectory) a tenant whose database exists already, and is known to its
    /// server. The tenant's tables don't change. A suspended tenant stays suspended.
    ///
    /// [`prepare_directory`](Self::prepare_directory) has recorded the tenants of the pool's own server. On another
    /// server the tenant belongs to this directory from now on: programs that connect to that server directly refuse to
    /// suspend, rename, archive or drop it.
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
    /// one. If the process dies while it adopts a tenant of another server, the directory lists the tenant as
    /// unfinished, and it can't be checked out: the same call goes on.
    pub async fn adopt_tenant(&self, tenant: impl IntoSchemaName, placement: Placement) -> Result<(), LifecycleError> {
        let tenant = self.tenant_name(tenant)?;
        let event = LifecycleEvent::Create { tenant: tenant.clone() };
        match placement.parts() {
            (None, Tables::Schema(schema)) if *schema == tenant => {}
            (Some(_), Tables::Schema(_)) => {}
            (None, Tables::Schema(_)) | (_, Tables::Rows(_)) => {
                return Err(LifecycleError::OtherName { tenant, placement });
            }
        }
        if !self.is_recorded() {
            return Err(LifecycleError::NoDirectory { operation: event });
        }
        match placement.parts() {
            (Some(database), Tables::Schema(schema)) => {
                let elsewhere = self.server_of_tenant(database, &event).await?;
                if schema == elsewhere.shared_schema() {
                    return Err(LifecycleError::NotFound { tenant });
                }
                self.adopt_elsewhere(&tenant, &placement, elsewhere, schema, &event)
                    .await
            }
            _ => self.adopt_own(&tenant, &event).await,
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
            let found = lifecycle::find(&server, &tenant).await.map_err(pool.failed(event))?;
            let status = adoptable(&pool, &tenant, found, false).map_err(pool.failed(event))?;
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

    /// A tenant of another server. Two servers can't change in one transaction: the row is unfinished, until that server
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
            let server = pool.recording_server();
            let _lock = pool.lock(&server, &tenant, event).await?;
            let known = pool.known(&tenant, event).await?;
            let found = lifecycle::find(&elsewhere.mysql_server(), &schema).await;
            let found = found.map_err(pool.failed(event))?;
            let is_interrupted = match (&known, &found) {
                (None, _) => false,
                (Some(entry), _) if entry.placement != placement => false,
                (Some(entry), Some(found)) => {
                    let is_asleep = found.placed && found.status == TenantStatus::Suspended;
                    entry.status == TenantStatus::Unfinished || entry.status == TenantStatus::Suspended && is_asleep
                }
                (Some(entry), None) => entry.status == TenantStatus::Unfinished,
            };
            if known.is_some() && !is_interrupted {
                return Err(LifecycleError::AlreadyExists { tenant });
            }
            let status = adoptable(&elsewhere, &schema, found, is_interrupted).map_err(pool.failed(event))?;
            if known.is_none() {
                let change = DirectoryChange::Placed {
                    tenant: &tenant,
                    placement: &placement,
                    finished: false,
                };
                lifecycle::note(&server, &change).await.map_err(pool.failed(event))?;
            }
            let place = elsewhere.mysql_server();
            lifecycle::give_to_directory(&place, &schema, status)
                .await
                .map_err(pool.failed(event))?;
            let change = match status {
                TenantStatus::Suspended => DirectoryChange::Suspended { tenant: &tenant },
                _ => DirectoryChange::Finished { tenant: &tenant },
            };
            lifecycle::note(&server, &change).await.map_err(pool.failed(event))?;
            if status == TenantStatus::Suspended {
                // From now on the directory says so.
                let awake = lifecycle::give_to_directory(&place, &schema, TenantStatus::Active).await;
                awake.map_err(pool.failed(event))?;
            }
            elsewhere.forget(std::slice::from_ref(&schema));
            pool.forget(std::slice::from_ref(&tenant));
            Ok(())
        })
        .await
    }
}

/// The status of a tenant that no directory placed on its server; after an interruption, this directory may have.
fn adoptable(
    server: &TenantPool<Mysql>,
    schema: &SchemaName,
    found: Option<Entry>,
    may_be_placed: bool,
) -> Result<TenantStatus, OperationError> {
    match found {
        Some(entry) if entry.placed && !may_be_placed => Err(OperationError::Placed {
            database: schema.clone(),
            shared: server.shared_schema().clone(),
        }),
        Some(entry) if entry.status.is_tenant() => Ok(entry.status),
        _ => Err(OperationError::Missing {
            database: schema.clone(),
        }),
    }
}
