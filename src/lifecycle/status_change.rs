use crate::{SchemaName, TenantStatus, tenancy::DirectoryChange};

/// What a directory is told when a tenant gets this status.
pub(super) fn change_to(tenant: &SchemaName, status: TenantStatus) -> DirectoryChange<'_> {
    match status {
        TenantStatus::Suspended => DirectoryChange::Suspended { tenant },
        _ => DirectoryChange::Resumed { tenant },
    }
}
