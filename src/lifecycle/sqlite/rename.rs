use std::time::{Duration, SystemTime, UNIX_EPOCH};

use diesel_tenants_translate::quote::clipped;
use futures_core::future::BoxFuture;

use super::operation::Operation;
use crate::{
    CloneError, IntoSchemaName, LifecycleError, MAX_NAME_BYTES, SchemaName, Sqlite, TenantPool,
    backend::sqlite::files::FILE_LOCK_TIMEOUT,
    lifecycle::{ArchiveRequest, CloneRequest, DropRequest, RenameRequest, RestoreRequest},
    tenancy::LifecycleEvent,
};

/// # Renaming, cloning, archiving and dropping a tenant
///
/// A tenant's file is renamed, archived or dropped when nobody has it open. Idle connections of this pool are closed
/// first, and other processes are asked to close theirs. A file that is in use for longer than the request
/// [waits](DropRequest::wait) is an error, and stays as it is. Once begun, an operation goes on if its future is dropped.
impl TenantPool<Sqlite> {
    /// Renames a tenant with its data, its migrations and its status. Nothing is copied.
    ///
    /// # Errors
    /// [`LifecycleError`]; the tenant then keeps its old name.
    pub fn rename_tenant(&self, from: impl IntoSchemaName, to: impl IntoSchemaName) -> RenameRequest<'_, Sqlite> {
        RenameRequest::new(self, from, to)
    }

    /// Creates a tenant as a copy of another one, which may be in use: its structure, its rows as of one moment, and the
    /// versions of its migrations.
    ///
    /// # Errors
    /// [`CloneError`]; there is then no clone. A file of that name that exists already is not touched.
    pub fn clone_tenant(&self, template: impl IntoSchemaName, tenant: impl IntoSchemaName) -> CloneRequest<'_, Sqlite> {
        CloneRequest::new(self, template, tenant)
    }

    /// Drops a tenant with all its data, permanently: also an archive, by its name, and a file that is no database.
    ///
    /// # Errors
    /// [`LifecycleError`]; the tenant is then unchanged.
    pub fn drop_tenant(&self, tenant: impl IntoSchemaName) -> DropRequest<'_, Sqlite> {
        DropRequest::new(self, self.tenant_name(tenant))
    }

    /// Archives a tenant, to restore or drop it later. Its file gets another name, which is returned. An archive can't
    /// be checked out, and is not migrated. Other tenants can get the tenant's name from then on.
    ///
    /// # Errors
    /// [`LifecycleError`]; the tenant is then unchanged.
    pub fn archive_tenant(&self, tenant: impl IntoSchemaName) -> ArchiveRequest<'_, Sqlite> {
        ArchiveRequest::new(self, self.tenant_name(tenant))
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
    ) -> RestoreRequest<'_, Sqlite> {
        RestoreRequest::new(self, archive, tenant)
    }
}

impl<'a> IntoFuture for RenameRequest<'a, Sqlite> {
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
            let names = (from.clone(), to.clone());
            let rename = |operation: Operation| async move {
                let (from, to) = names;
                match operation.is_recorded {
                    true => operation.rename(&from, &to, wait).await,
                    false => operation.files(move |folder| folder.rename(&from, &to, wait)).await,
                }
            };
            self.pool.operate(&event, &[&from, &to], rename).await
        })
    }
}

impl<'a> IntoFuture for CloneRequest<'a, Sqlite> {
    type Output = Result<(), CloneError>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let (template, tenant) = self.names?;
            let with_data = self.with_data;
            let event = LifecycleEvent::Clone {
                from: template.clone(),
                to: tenant.clone(),
            };
            let names = (template.clone(), tenant.clone());
            let clone = self.pool.add_tenant(&event, &tenant, move |folder| {
                folder.clone_tenant(&names.0, &names.1, with_data, FILE_LOCK_TIMEOUT)
            });
            clone.await.map_err(|error| match error {
                LifecycleError::AlreadyExists { .. } => CloneError::AlreadyExists { template, tenant },
                LifecycleError::NotFound { .. } => CloneError::UnknownTenant { template },
                error => error.into(),
            })
        })
    }
}

impl<'a> IntoFuture for ArchiveRequest<'a, Sqlite> {
    type Output = Result<SchemaName, LifecycleError>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let tenant = self.tenant?;
            let wait = self.patience.wait;
            let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            let archive = archive_name(&tenant, since)?;
            let event = LifecycleEvent::Archive { tenant: tenant.clone() };
            let names = (tenant.clone(), archive.clone());
            let archiving = |operation: Operation| async move {
                let (tenant, archive) = names;
                match operation.is_recorded {
                    true => operation.archive(&tenant, archive, since.as_secs(), wait).await,
                    false => {
                        operation.archive_file(&tenant, &archive, since.as_secs(), wait).await?;
                        Ok(archive)
                    }
                }
            };
            self.pool.operate(&event, &[&tenant, &archive], archiving).await
        })
    }
}

/// The name of a new archive: the tenant's, as far as there is room, and the time.
fn archive_name(tenant: &SchemaName, since: Duration) -> Result<SchemaName, crate::SchemaNameError> {
    let time = format!(" archived {}", since.as_micros());
    let kept = clipped(tenant.as_str(), MAX_NAME_BYTES - time.len());
    SchemaName::new(&[kept, &time].concat())
}

impl<'a> IntoFuture for RestoreRequest<'a, Sqlite> {
    type Output = Result<(), LifecycleError>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let (archive, tenant) = self.names?;
            let event = LifecycleEvent::Restore {
                archive: archive.clone(),
                tenant: tenant.clone(),
            };
            let names = (archive.clone(), tenant.clone());
            let restore = |operation: Operation| async move {
                let (archive, tenant) = names;
                match operation.is_recorded {
                    true => operation.restore(&archive, &tenant).await,
                    false => {
                        operation
                            .files(move |folder| folder.restore(&archive, &tenant, FILE_LOCK_TIMEOUT))
                            .await
                    }
                }
            };
            self.pool.operate(&event, &[&archive, &tenant], restore).await
        })
    }
}
