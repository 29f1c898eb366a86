//! Tenants of this server that the directory of another server owns.

use diesel_tenants_translate::SchemaName;

use super::OperationError;
use crate::{
    backend::mysql::{
        Server, Session, directory_tables,
        locks::{LOCK_TIMEOUT, Lock},
        registry::{DirectoryId, Entry, prepare},
    },
    tenancy::TenantStatus,
};

/// The id of this server's directory, whether or not there is one yet.
pub(crate) async fn directory_id(server: &Server) -> Result<DirectoryId, OperationError> {
    let mut session = server.open().await?;
    prepare(&mut session, server.shared()).await?;
    Ok(DirectoryId::find(&mut session, server.shared()).await?)
}

/// The entry of a tenant that the directory may adopt for which the work is done. It may have changed by the time that
/// the tenant is [given](give_to_directory) to the directory.
pub(crate) async fn find_adoptable(server: &Server, tenant: &SchemaName) -> Result<Entry, OperationError> {
    let mut session = server.open().await?;
    prepare(&mut session, server.shared()).await?;
    adoptable(&mut session, server, tenant).await
}

/// Gives a tenant to the directory for which the work is done, unless another directory owns it or lists it. Returns the
/// tenant's status, which stays the same.
pub(crate) async fn give_to_directory(server: &Server, tenant: &SchemaName) -> Result<TenantStatus, OperationError> {
    // With the lock on the shared database, nobody enters the tenant into a directory of this server meanwhile.
    let _lock = Lock::acquire(server, &[tenant, server.shared()], LOCK_TIMEOUT).await?;
    let mut session = server.open().await?;
    let entry = adoptable(&mut session, server, tenant).await?;
    let given = Entry {
        placed_by: server.directory().cloned(),
        ..entry
    };
    Entry::change(&mut session, server.shared(), &[&given], &[]).await?;
    Ok(given.status)
}

/// Resumes a tenant that was suspended when the directory adopted it for which the work is done.
pub(crate) async fn wake(server: &Server, tenant: &SchemaName) -> Result<(), OperationError> {
    let _lock = Lock::acquire(server, &[tenant], LOCK_TIMEOUT).await?;
    let mut session = server.open().await?;
    match Entry::find(&mut session, server.shared(), tenant).await? {
        Some(entry) if entry.status == TenantStatus::Suspended && server.owns(&entry) => {
            let awake = Entry {
                status: TenantStatus::Active,
                ..entry
            };
            Ok(Entry::change(&mut session, server.shared(), &[&awake], &[]).await?)
        }
        _ => Ok(()),
    }
}

async fn adoptable(session: &mut Session, server: &Server, tenant: &SchemaName) -> Result<Entry, OperationError> {
    let entry = match Entry::find(session, server.shared(), tenant).await? {
        Some(entry) if entry.placed_by.is_some() && !server.owns(&entry) => {
            return Err(placed(server, &entry));
        }
        Some(entry) if entry.status.is_tenant() => entry,
        _ => {
            return Err(OperationError::Missing {
                database: tenant.clone(),
            });
        }
    };
    // The server's own pool may adopt what its own directory has forgotten.
    if server.directory().is_some() {
        require_unlisted(session, server, tenant).await?;
    }
    Ok(entry)
}

/// Fails if another directory than the one for which the work is done owns the tenant, and would not learn of a change.
pub(super) fn require_own(server: &Server, entry: &Entry) -> Result<(), OperationError> {
    match server.owns(entry) {
        true => Ok(()),
        false => Err(placed(server, entry)),
    }
}

/// Fails if this server has a directory that lists the tenant.
pub(super) async fn require_unlisted(
    session: &mut Session,
    server: &Server,
    tenant: &SchemaName,
) -> Result<(), OperationError> {
    match directory_tables::lists(session, server.shared(), tenant).await? {
        true => Err(OperationError::Listed {
            database: tenant.clone(),
            shared: server.shared().clone(),
        }),
        false => Ok(()),
    }
}

fn placed(server: &Server, entry: &Entry) -> OperationError {
    OperationError::Placed {
        database: entry.name.clone(),
        shared: server.shared().clone(),
    }
}
