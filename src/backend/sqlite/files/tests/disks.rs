//! A disk that is full.

use std::process::Command;

use diesel_tenants_test_support::chain;

use super::*;
use crate::tenancy::TenantStatus;

#[test]
fn a_full_disk_costs_the_new_tenant_alone() {
    let root = tempfile::tempdir().unwrap();
    let mut mount = Command::new("mount");
    mount.args(["-t", "tmpfs", "-o", "size=400k", "tmpfs"]).arg(root.path());
    if !mount.output().is_ok_and(|output| output.status.success()) {
        println!("skipped: this user may not mount");
        return;
    }
    let filled = std::panic::catch_unwind(|| fill(root.path()));
    let unmounted = Command::new("umount").arg(root.path()).status().unwrap();
    assert!(unmounted.success());
    filled.unwrap();
}

fn fill(root: &Path) {
    let folder = at(root);
    let migrations = plan(ORDERS);
    let mut created = Vec::new();
    let error = loop {
        let tenant = name(&format!("client{:03}", created.len()));
        match folder.create(&tenant, &migrations, TenantStatus::Active, WAIT) {
            Ok(_) => created.push(tenant),
            Err(error) => break error,
        }
        assert!(created.len() < 100);
    };
    let messages = chain(&error);
    assert!(messages.contains("full") || messages.contains("No space"), "{messages}");
    assert_eq!(folder.names().unwrap(), created);
    assert_eq!(files(&folder).len(), created.len(), "{:?}", files(&folder));
    // To drop a tenant needs no room, and then there is some again.
    for tenant in &created[1..6] {
        folder.drop(tenant, WAIT).unwrap();
    }
    folder.rename(&created[0], &name("renamed"), WAIT).unwrap();
    folder
        .create(&created[1], &migrations, TenantStatus::Active, WAIT)
        .unwrap();
}
