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

#[test]
fn a_spare_becomes_a_tenant() {
    let (_guard, folder) = folder();
    let (spare, tenant) = (name("diesel-tenants spare 1"), name("client1"));
    folder.create(&spare, &plan(ORDERS), TenantStatus::Spare, WAIT).unwrap();
    assert_eq!(status(&folder, "diesel-tenants spare 1"), Some(TenantStatus::Spare));
    folder.take_spare(&spare, &tenant, WAIT).unwrap();
    assert_eq!(status(&folder, "client1"), Some(TenantStatus::Active));
    assert!(matches!(
        folder.take_spare(&spare, &tenant, WAIT),
        Err(FileError::Missing { .. })
    ));
    assert_eq!(files(&folder), ["client1.db"]);
}
