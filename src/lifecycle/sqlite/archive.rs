//! Archives a tenant, and restores it.

use std::time::{SystemTime, UNIX_EPOCH};

use futures_core::future::BoxFuture;

use super::operation::Operation;
use crate::{
    IntoSchemaName, LifecycleError, SchemaName, Sqlite, TenantPool,
    backend::{archive_name, sqlite::files::FILE_LOCK_TIMEOUT},
    lifecycle::{ArchiveRequest, RestoreRequest},
    tenancy::LifecycleEvent,
};

/// # Archiving and restoring a tenant
///
/// A tenant is archived when nobody has its file open: see [`ArchiveRequest::wait`].
impl TenantPool<Sqlite> {
    /// Archives a tenant, to restore or drop it later. Its file gets another name, which is returned. An archive can't
    /// be checked out, and is not migrated. Other tenants can get the tenant's name from then on.
    ///
    /// # Errors
    /// [`LifecycleError`]; the tenant is then unchanged.
    pub fn archive_tenant(&self, tenant: impl IntoSchemaName) -> ArchiveRequest<'_, Sqlite> {
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
    ) -> RestoreRequest<'_, Sqlite> {
        RestoreRequest::new(self, archive, tenant)
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
            let archive = archive_name::for_file_or_database(&tenant, since)?;
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
