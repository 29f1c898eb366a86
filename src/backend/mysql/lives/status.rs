use std::time::Duration;

use diesel_tenants_translate::SchemaName;

use super::LifeError;
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
) -> Result<(), LifeError> {
    let _lock = Lock::acquire(server, &[tenant], wait).await?;
    let mut session = server.open().await?;
    match Entry::find(&mut session, server.shared(), tenant).await? {
        Some(entry) if entry.status == status => Ok(()),
        Some(entry) if entry.status.is_tenant() => {
            let changed = Entry { status, ..entry };
            let change = server.record(&match status {
                TenantStatus::Suspended => DirectoryChange::Suspended { tenant },
                _ => DirectoryChange::Resumed { tenant },
            });
            Ok(Entry::change_and(&mut session, server.shared(), &[&changed], &[], change).await?)
        }
        Some(entry) if entry.operation.is_some() => Err(super::sweep::unfinished(&entry)),
        _ => Err(LifeError::Missing {
            database: tenant.clone(),
        }),
    }
}

/// What the registry says of a tenant.
pub(crate) async fn find(server: &Server, tenant: &SchemaName) -> Result<Option<Entry>, LifeError> {
    let mut session = server.open().await?;
    crate::backend::mysql::registry::prepare(&mut session, server.shared()).await?;
    Ok(Entry::find(&mut session, server.shared(), tenant).await?)
}
