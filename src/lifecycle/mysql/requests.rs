use futures_core::future::BoxFuture;

use crate::{
    CloneError, IntoSchemaName, LifecycleError, Mysql, SchemaName, TenantPool,
    backend::mysql::{Server, lifecycle},
    lifecycle::{
        ArchiveRequest, CloneRequest, DropRequest, RenameRequest, RestoreRequest, ask_directory::unfinished,
        requests::Patience,
    },
    tenancy::LifecycleEvent,
};

/// # Renaming, cloning, archiving and dropping a tenant
///
/// No such operation is one transaction on MySQL. From its first step to its last, the tenant can't be checked out. If
/// the process dies meanwhile, the same call goes on, and so does [`sweep`](Self::sweep). Once begun, an operation goes on
/// if its future is dropped.
///
/// Operations wait for transactions that use the tenant's tables, as long as the request [waits](DropRequest::wait).
/// If such a transaction doesn't end, that is an error, and the tenant stays as it is.
impl TenantPool<Mysql> {
    /// Renames a tenant with its data, its migrations and its status. No rows are copied: the tables are moved to a
    /// database of the new name. Views, triggers, routines and events are made anew there, with the new name where their
    /// texts have the former one.
    ///
    /// What accounts were granted on the database itself does not move.
    ///
    /// # Errors
    /// [`LifecycleError`]; the tenant then keeps its old name. If the server is lost in the middle, the same call goes
    /// on.
    pub fn rename_tenant(&self, from: impl IntoSchemaName, to: impl IntoSchemaName) -> RenameRequest<'_, Mysql> {
        RenameRequest::new(self, from, to)
    }

    /// Creates a tenant as a copy of another one, which may be in use: its structure, its rows as of one moment, and the
    /// versions of its migrations. While rows are copied, writers of the template wait.
    ///
    /// # Errors
    /// [`CloneError`]; there is then no clone. A database of that name that exists already is not touched.
    pub fn clone_tenant(&self, template: impl IntoSchemaName, tenant: impl IntoSchemaName) -> CloneRequest<'_, Mysql> {
        CloneRequest::new(self, template, tenant)
    }

    /// Drops a tenant with all its data, permanently: also an archive, by its name, and what an interrupted creation has
    /// left. A tenant to whose tables foreign keys of other databases refer is not dropped.
    ///
    /// # Errors
    /// [`LifecycleError`]; the tenant is then unchanged.
    pub fn drop_tenant(&self, tenant: impl IntoSchemaName) -> DropRequest<'_, Mysql> {
        DropRequest::new(self, self.name_of_existing(tenant))
    }

    /// Archives a tenant, to restore or drop it later. Its tables are moved to a database of another name, which is
    /// returned. An archive can't be checked out, and is not migrated. Other tenants can get the tenant's name from then
    /// on.
    ///
    /// # Errors
    /// [`LifecycleError`]; the tenant is then unchanged.
    pub fn archive_tenant(&self, tenant: impl IntoSchemaName) -> ArchiveRequest<'_, Mysql> {
        ArchiveRequest::new(self, self.name_of_existing(tenant))
    }

    /// Turns an archive into a tenant again, under any free name. A tenant that was suspended when it was archived is
    /// suspended again.
    ///
    /// # Errors
    /// [`LifecycleError`]; the tenant then stays archived.
    pub fn restore_tenant(
        &self,
        archive: impl IntoSchemaName,
        tenant: impl IntoSchemaName,
    ) -> RestoreRequest<'_, Mysql> {
        RestoreRequest::new(self, archive, tenant)
    }
}

impl<'a> IntoFuture for RenameRequest<'a, Mysql> {
    type Output = Result<(), LifecycleError>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let (from, to) = self.names?;
            let wait = self.patience.wait;
            let event = LifecycleEvent::Rename {
                from: from.clone(),
                to: to.clone(),
            };
            if let Some(entry) = self.pool.placed_elsewhere(&from, &event).await? {
                self.pool.keep_to_directory(&event).await?;
                if let Some(error) = unfinished(&entry, &event) {
                    return Err(error);
                }
                let renamed = self.pool.rename_elsewhere(&from, &to, &event);
                return self.pool.between_hooks(&event, renamed).await;
            }
            let names = (from.clone(), to.clone());
            let rename = |server: Server| async move { lifecycle::rename(&server, &names.0, &names.1, wait).await };
            self.pool.operate(&event, &[&from, &to], rename).await
        })
    }
}

impl<'a> IntoFuture for CloneRequest<'a, Mysql> {
    type Output = Result<(), CloneError>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let (template, tenant) = self.names?;
            if template == tenant {
                return Err(CloneError::AlreadyExists { template, tenant });
            }
            let (with_data, wait) = (self.with_data, Patience::default().wait);
            let event = LifecycleEvent::Clone {
                from: template.clone(),
                to: tenant.clone(),
            };
            let names = (template.clone(), tenant.clone());
            let clone = |server: Server| async move {
                lifecycle::clone_tenant(&server, &names.0, &names.1, with_data, wait).await
            };
            let cloned = self.pool.operate(&event, &[&tenant], clone).await;
            cloned.map_err(|error| match error {
                LifecycleError::AlreadyExists { .. } => CloneError::AlreadyExists { template, tenant },
                LifecycleError::NotFound { .. } => CloneError::UnknownTenant { template },
                error => error.into(),
            })
        })
    }
}

impl<'a> IntoFuture for DropRequest<'a, Mysql> {
    type Output = Result<(), LifecycleError>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let tenant = self.tenant?;
            let event = LifecycleEvent::Drop { tenant: tenant.clone() };
            self.pool.drop_database(tenant, &event, self.patience).await
        })
    }
}

impl<'a> IntoFuture for ArchiveRequest<'a, Mysql> {
    type Output = Result<SchemaName, LifecycleError>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let tenant = self.tenant?;
            let wait = self.patience.wait;
            let event = LifecycleEvent::Archive { tenant: tenant.clone() };
            if let Some(entry) = self.pool.placed_elsewhere(&tenant, &event).await? {
                return Err(LifecycleError::Elsewhere {
                    operation: event,
                    placement: entry.placement,
                    instead: "suspend the tenant, which also keeps it from being used",
                });
            }
            let name = tenant.clone();
            let archive = |server: Server| async move { lifecycle::archive(&server, &name, wait).await };
            self.pool.operate(&event, &[&tenant], archive).await
        })
    }
}

impl<'a> IntoFuture for RestoreRequest<'a, Mysql> {
    type Output = Result<(), LifecycleError>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let (archive, tenant) = self.names?;
            let wait = Patience::default().wait;
            let event = LifecycleEvent::Restore {
                archive: archive.clone(),
                tenant: tenant.clone(),
            };
            let names = (archive.clone(), tenant.clone());
            let restore = |server: Server| async move { lifecycle::restore(&server, &names.0, &names.1, wait).await };
            self.pool.operate(&event, &[&archive, &tenant], restore).await
        })
    }
}

impl TenantPool<Mysql> {
    pub(super) async fn drop_database(
        &self,
        tenant: SchemaName,
        event: &LifecycleEvent,
        Patience { wait, .. }: Patience,
    ) -> Result<(), LifecycleError> {
        if let Some(entry) = self.placed_elsewhere(&tenant, event).await? {
            self.keep_to_directory(event).await?;
            let dropped = self.drop_elsewhere(&tenant, entry, event, wait);
            return self.between_hooks(event, dropped).await;
        }
        let name = tenant.clone();
        let drop = |server: Server| async move { lifecycle::drop_tenant(&server, &name, wait).await };
        self.operate(event, &[&tenant], drop).await
    }
}
