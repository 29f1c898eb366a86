use std::time::Duration;

use diesel_tenants_translate::SchemaName;

use super::{OperationError, placed::require_own};
use crate::{
    backend::mysql::{Server, locks::Lock, registry::Entry},
    tenancy::{DirectoryChange, TenantStatus},
};

/// Suspends or resumes a tenant. Nothing happens if it has that status.
pub(crate) async fn set_status(
    server: &Server,
    tenant: &SchemaName,
    status: TenantStatus,
    wait: Duration,
) -> Result<(), OperationError> {
    let _lock = Lock::acquire(server, &[tenant], wait).await?;
    let mut session = server.open().await?;
    let change = server.record(&match status {
        TenantStatus::Suspended => DirectoryChange::Suspended { tenant },
        _ => DirectoryChange::Resumed { tenant },
    });
    match Entry::find(&mut session, server.shared(), tenant).await? {
        Some(entry) if entry.status == status && change.is_none() => Ok(()),
        Some(entry) if entry.status.is_tenant() => {
            require_own(server, &entry)?;
            let changed = Entry { status, ..entry };
            Ok(Entry::change_and(&mut session, server.shared(), &[&changed], &[], change).await?)
        }
        Some(entry) if entry.operation.is_some() => Err(super::sweep::unfinished(&entry)),
        _ => Err(OperationError::Missing {
            database: tenant.clone(),
        }),
    }
}

/// Whether there is nothing of this name: neither an entry nor a database.
pub(crate) async fn is_free(server: &Server, tenant: &SchemaName) -> Result<bool, OperationError> {
    let mut session = server.open().await?;
    crate::backend::mysql::registry::prepare(&mut session, server.shared()).await?;
    let entry = Entry::find(&mut session, server.shared(), tenant).await?;
    Ok(entry.is_none() && !super::database::exists(&mut session, tenant).await?)
}

/// Tells the directory of a change to a tenant whose database is on another server, or has another name. The caller has
/// the lock on the tenant.
pub(crate) async fn note(server: &Server, change: &DirectoryChange<'_>) -> Result<(), OperationError> {
    note_all(server, std::slice::from_ref(change)).await
}

/// Like [`note`], for several changes, in one transaction.
pub(crate) async fn note_all(server: &Server, changes: &[DirectoryChange<'_>]) -> Result<(), OperationError> {
    let all: Option<Vec<String>> = changes.iter().map(|change| server.record(change)).collect();
    let sql = all.map(|all| all.join(";\n"));
    let mut session = server.open().await?;
    let noted = Entry::change_and(&mut session, server.shared(), &[], &[], sql).await;
    noted.map_err(OperationError::Directory)
}

/// What the registry says of a tenant.
pub(crate) async fn find(server: &Server, tenant: &SchemaName) -> Result<Option<Entry>, OperationError> {
    let mut session = server.open().await?;
    crate::backend::mysql::registry::prepare(&mut session, server.shared()).await?;
    Ok(Entry::find(&mut session, server.shared(), tenant).await?)
}
