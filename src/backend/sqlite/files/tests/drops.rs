use std::fs;

use super::*;
use crate::{backend::sqlite::files::FileError, tenancy::TenantStatus};

#[test]
fn the_log_of_an_earlier_tenant_never_reaches_a_new_one() {
    let (_guard, folder) = folder();
    create(&folder, "old");
    // A process was killed: its log stays.
    let mut connection = open(&path(&folder, "old"), Access::Write, WAIT).unwrap();
    connection
        .batch_execute("INSERT INTO orders (note) VALUES ('secret')")
        .unwrap();
    for ending in ["-wal", "-journal"] {
        let log = fs::read(folder.root().join("old.db-wal")).unwrap();
        fs::write(folder.root().join(format!("client1.db{ending}")), log).unwrap();
    }
    create(&folder, "client1");
    assert_eq!(
        texts(&path(&folder, "client1"), "SELECT note AS text FROM orders"),
        [""; 0]
    );
}

#[test]
fn a_dropped_tenant_is_gone_and_the_next_of_its_name_is_another_file() {
    let (_guard, folder) = folder();
    create(&folder, "client1");
    let tenant = name("client1");
    let connection = open(&path(&folder, "client1"), Access::Write, WAIT).unwrap();
    drop(connection);
    let mut connection = open(&path(&folder, "client1"), Access::Write, WAIT).unwrap();
    connection.batch_execute("SELECT * FROM orders").unwrap();
    assert!(matches!(folder.drop(&tenant, AT_ONCE), Err(FileError::InUse { .. })));
    assert_eq!(
        status(&folder, "client1"),
        Some(TenantStatus::Active),
        "the tenant is unchanged"
    );
    drop(connection);
    folder.drop(&tenant, WAIT).unwrap();
    assert_eq!(files(&folder), [""; 0]);
    assert!(matches!(folder.drop(&tenant, WAIT), Err(FileError::Missing { .. })));

    // Something took the file away under a connection that is open.
    create(&folder, "client1");
    let old = identity(&folder, "client1");
    let mut connection = open(&path(&folder, "client1"), Access::Write, WAIT).unwrap();
    connection
        .batch_execute("INSERT INTO orders (note) VALUES ('old')")
        .unwrap();
    fs::remove_file(path(&folder, "client1")).unwrap();
    create(&folder, "client1");
    assert_ne!(identity(&folder, "client1"), old, "as long as the connection is open");
    execute(&path(&folder, "client1"), "INSERT INTO orders (note) VALUES ('new')");
    drop(connection);
    assert_eq!(
        texts(&path(&folder, "client1"), "SELECT note AS text FROM orders"),
        ["new"]
    );
}

#[test]
fn what_is_no_database_can_be_dropped() {
    let (_guard, folder) = folder();
    for (tenant, content) in [("client1", "x".repeat(5_000)), ("client2", String::new())] {
        fs::write(path(&folder, tenant), content).unwrap();
        fs::write(folder.root().join(format!("{tenant}.db-wal")), "y").unwrap();
        folder.drop(&name(tenant), WAIT).unwrap();
        assert_eq!(files(&folder), [""; 0]);
    }
}

#[test]
fn what_is_swept_is_nobodys_and_holds_nothing() {
    let (_guard, folder) = folder();
    create(&folder, "client1");
    let write = |file: &str, content: &str| fs::write(folder.root().join(file), content).unwrap();
    for file in [
        "client1.0123456789abcdef.unfinished",
        "client2.0123456789abcdef.unfinished-journal",
        "client3.0123456789abcdef.dropped",
    ] {
        write(file, "anything");
    }
    write("client4.db-wal", "");
    write("client4.db-shm", "anything");
    // A log whose file somebody has moved away, and a file that is nobody's.
    write("client5.db-wal", "anything");
    write("notes.db-walnut", "anything");
    let lock = folder.lock("create", &[&name("client2")], WAIT).unwrap();
    assert_eq!(folder.sweep().unwrap(), 3);
    let left = [
        "client1.db",
        "client2.0123456789abcdef.unfinished-journal",
        "client5.db-wal",
        "notes.db-walnut",
    ];
    assert_eq!(files(&folder), left, "an operation on client2 is under way");
    drop(lock);
    assert_eq!(folder.sweep().unwrap(), 1);
    create(&folder, "client5");
    assert_eq!(files(&folder), ["client1.db", "client5.db", "notes.db-walnut"]);
}

#[cfg(unix)]
#[test]
fn a_link_to_a_tenants_file_is_no_tenant() {
    let (_guard, folder) = folder();
    create(&folder, "client1");
    std::os::unix::fs::symlink(path(&folder, "client1"), path(&folder, "client2")).unwrap();
    assert_eq!(status(&folder, "client2"), None);
    assert_eq!(folder.names().unwrap(), [name("client1")]);
    let taken = folder.create(&name("client2"), &plan(ORDERS), TenantStatus::Active, WAIT);
    assert!(matches!(taken, Err(FileError::Exists { .. })));
    folder.drop(&name("client2"), WAIT).unwrap();
    assert_eq!(status(&folder, "client1"), Some(TenantStatus::Active));
}
