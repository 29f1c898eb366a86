use super::*;
use crate::{backend::sqlite::files::FileError, tenancy::TenantStatus};

#[test]
fn an_archive_is_no_tenant_and_is_restored_under_any_name() {
    let (_guard, folder) = folder();
    create(&folder, "client1");
    let (tenant, archive) = (name("client1"), name("archived_20261130_client1"));
    folder.set_status(&tenant, TenantStatus::Suspended, WAIT).unwrap();
    folder.archive(&tenant, &archive, 1_795_000_000, WAIT).unwrap();
    assert_eq!(status(&folder, "client1"), None);
    let facts = folder.facts(&archive).unwrap().unwrap();
    let note = facts.archive.unwrap();
    assert_eq!(
        (facts.status, note.since, note.tenant),
        (TenantStatus::Archived, 1_795_000_000, tenant.clone())
    );
    assert!(matches!(
        folder.rename(&archive, &tenant, AT_ONCE),
        Err(FileError::Missing { .. })
    ));
    assert!(matches!(
        folder.migrate(&archive, &plan(ORDERS), AT_ONCE),
        Err(FileError::Missing { .. })
    ));
    assert!(matches!(
        folder.set_status(&archive, TenantStatus::Active, AT_ONCE),
        Err(FileError::Missing { .. })
    ));

    create(&folder, "client1");
    assert!(matches!(
        folder.restore(&archive, &tenant, AT_ONCE),
        Err(FileError::Exists { .. })
    ));
    assert!(matches!(
        folder.restore(&tenant, &archive, AT_ONCE),
        Err(FileError::NotArchived { .. })
    ));
    folder.restore(&archive, &name("client2"), WAIT).unwrap();
    assert_eq!(status(&folder, "client2"), Some(TenantStatus::Suspended));
    assert_eq!(files(&folder), ["client1.db", "client2.db"]);
}
