//! Tenants that the directory of another server has placed on this one.

use diesel_tenants_translate::SchemaName;

use super::OperationError;
use crate::{
    backend::mysql::{
        Server,
        locks::{LOCK_TIMEOUT, Lock},
        registry::Entry,
    },
    tenancy::TenantStatus,
};

/// Notes that a tenant belongs to the directory of another server from now on, and gives it this status.
pub(crate) async fn give_to_directory(
    server: &Server,
    tenant: &SchemaName,
    status: TenantStatus,
) -> Result<(), OperationError> {
    let _lock = Lock::acquire(server, &[tenant], LOCK_TIMEOUT).await?;
    let mut session = server.open().await?;
    match Entry::find(&mut session, server.shared(), tenant).await? {
        Some(entry) if entry.status.is_tenant() => {
            let given = Entry {
                status,
                placed: true,
                ..entry
            };
            Ok(Entry::change(&mut session, server.shared(), &[&given], &[]).await?)
        }
        _ => Err(OperationError::Missing {
            database: tenant.clone(),
        }),
    }
}

/// Fails if the directory of another server placed the tenant here, and would not learn of a change.
pub(super) fn require_own(server: &Server, entry: &Entry) -> Result<(), OperationError> {
    match entry.placed {
        true => Err(OperationError::Placed {
            database: entry.name.clone(),
            shared: server.shared().clone(),
        }),
        false => Ok(()),
    }
}
