use std::fs;

use super::*;
use crate::{
    backend::sqlite::files::{FileError, opening},
    tenancy::TenantStatus,
};

#[test]
fn a_new_tenant_is_complete_and_alone() {
    let (_guard, folder) = folder();
    create(&folder, "client1");
    assert_eq!(files(&folder), ["client1.db"]);
    let path = path(&folder, "client1");
    assert_eq!(
        texts(&path, "SELECT journal_mode AS text FROM pragma_journal_mode"),
        ["wal"]
    );
    assert_eq!(
        texts(
            &path,
            "SELECT version AS text FROM __diesel_schema_migrations ORDER BY 1"
        ),
        ["01", "02"]
    );
    assert_eq!(
        files(&folder),
        ["client1.db"],
        "a connection that is closed leaves nothing"
    );
    assert_eq!(status(&folder, "client1"), Some(TenantStatus::Active));
    assert!(
        folder
            .size(&name("client1"))
            .unwrap()
            .is_some_and(|(_, bytes)| bytes > 8_000)
    );
    let again = folder.create(&name("client1"), &plan(ORDERS), TenantStatus::Active, WAIT);
    assert!(matches!(again, Err(FileError::Exists { .. })));
}

#[test]
fn a_tenant_whose_migration_fails_leaves_nothing() {
    let (_guard, folder) = folder();
    let broken = plan(&[("01_a", "CREATE TABLE a (b)"), ("02_b", "CREATE TABLE a (b)")]);
    let error = folder
        .create(&name("client1"), &broken, TenantStatus::Active, WAIT)
        .unwrap_err();
    assert!(matches!(error, FileError::Migration { .. }), "{error}");
    assert_eq!(files(&folder), [""; 0]);
}

#[test]
fn a_suspended_tenant_stays_so_wherever_its_file_is_copied() {
    let (_guard, folder) = folder();
    create(&folder, "client1");
    let tenant = name("client1");
    folder.set_status(&tenant, TenantStatus::Suspended, WAIT).unwrap();
    assert_eq!(status(&folder, "client1"), Some(TenantStatus::Suspended));
    fs::copy(path(&folder, "client1"), path(&folder, "copy")).unwrap();
    assert_eq!(status(&folder, "copy"), Some(TenantStatus::Suspended));
    folder.set_status(&tenant, TenantStatus::Active, WAIT).unwrap();
    folder.set_status(&tenant, TenantStatus::Active, WAIT).unwrap();
    assert_eq!(status(&folder, "client1"), Some(TenantStatus::Active));
    let missing = folder.set_status(&name("nobody"), TenantStatus::Suspended, WAIT);
    assert!(matches!(missing, Err(FileError::Missing { .. })));
}

#[test]
fn a_rename_keeps_rows_and_status_and_waits_for_connections() {
    let (_guard, folder) = folder();
    create(&folder, "client1");
    create(&folder, "taken");
    let (from, to) = (name("client1"), name("client2"));
    folder.set_status(&from, TenantStatus::Suspended, WAIT).unwrap();
    let mut connection = open(&path(&folder, "client1"), Access::Write, WAIT).unwrap();
    connection
        .batch_execute("INSERT INTO orders (note) VALUES ('kept')")
        .unwrap();

    let error = folder.rename(&from, &to, Duration::from_millis(60)).unwrap_err();
    assert!(matches!(error, FileError::InUse { .. }), "{error}");
    assert!(folder.wanted().unwrap().is_empty(), "nobody asks any more");
    assert!(matches!(
        folder.rename(&from, &name("taken"), AT_ONCE),
        Err(FileError::Exists { .. })
    ));
    assert!(matches!(
        folder.rename(&name("nobody"), &to, AT_ONCE),
        Err(FileError::Missing { .. })
    ));
    let before = identity(&folder, "client1");

    std::thread::scope(|scope| {
        scope.spawn(|| {
            while folder.wanted().unwrap() != [name("client1")] {
                std::thread::sleep(Duration::from_millis(5));
            }
            drop(connection);
        });
        folder.rename(&from, &to, WAIT).unwrap();
    });
    assert_eq!(files(&folder), ["client2.db", "taken.db"]);
    assert_eq!(
        texts(&path(&folder, "client2"), "SELECT note AS text FROM orders"),
        ["kept"]
    );
    assert_eq!(
        texts(
            &path(&folder, "client2"),
            "SELECT journal_mode AS text FROM pragma_journal_mode"
        ),
        ["wal"]
    );
    assert_eq!(status(&folder, "client2"), Some(TenantStatus::Suspended));
    assert_eq!(identity(&folder, "client2"), before);
}

#[test]
fn a_file_in_another_mode_is_renamed_and_dropped_too() {
    let (_guard, folder) = folder();
    create(&folder, "client1");
    execute(
        &path(&folder, "client1"),
        "PRAGMA journal_mode = DELETE; INSERT INTO orders (note) VALUES ('kept')",
    );
    let mut connection = open(&path(&folder, "client1"), Access::Write, WAIT).unwrap();
    connection.batch_execute("BEGIN; SELECT * FROM orders").unwrap();
    let error = folder.rename(&name("client1"), &name("client2"), AT_ONCE).unwrap_err();
    assert!(matches!(error, FileError::InUse { .. }), "{error}");
    connection.batch_execute("COMMIT").unwrap();
    drop(connection);
    folder.rename(&name("client1"), &name("client2"), WAIT).unwrap();
    assert_eq!(
        texts(&path(&folder, "client2"), "SELECT note AS text FROM orders"),
        ["kept"]
    );
    folder.drop(&name("client2"), WAIT).unwrap();
    assert_eq!(files(&folder), [""; 0]);
}

#[test]
fn a_file_is_not_renamed_while_somebody_is_about_to_open_it() {
    let (_guard, folder) = folder();
    create(&folder, "client1");
    let opening = opening(&path(&folder, "client1"), WAIT).unwrap();
    let error = folder.rename(&name("client1"), &name("client2"), AT_ONCE).unwrap_err();
    assert!(matches!(error, FileError::InUse { .. }), "{error}");
    drop(opening);
    folder.rename(&name("client1"), &name("client2"), WAIT).unwrap();
}

/// This is why an opening is announced: SQLite locks a file at the first statement, not when it opens the file.
#[test]
fn whoever_opens_a_file_unannounced_may_write_to_the_next_of_its_name() {
    let (_guard, folder) = folder();
    create(&folder, "client1");
    let mut unannounced = open(&path(&folder, "client1"), Access::Write, WAIT).unwrap();
    folder.rename(&name("client1"), &name("client2"), WAIT).unwrap();
    create(&folder, "client1");
    unannounced
        .batch_execute("INSERT INTO orders (note) VALUES ('of client2')")
        .unwrap();
    let rows = |tenant| texts(&path(&folder, tenant), "SELECT note AS text FROM orders");
    assert_eq!(
        rows("client1"),
        ["of client2"],
        "the log has the path of the other file"
    );
    assert_eq!(rows("client2"), [""; 0]);
}

#[test]
fn the_shared_file_is_made_by_its_first_migrations() {
    let (_guard, folder) = folder();
    let shared = plan(&[("01_users", "CREATE TABLE users (id INTEGER PRIMARY KEY)")]);
    assert_eq!(folder.shared_versions().unwrap(), [""; 0]);
    assert_eq!(files(&folder), [""; 0]);
    assert_eq!(folder.migrate_shared(&shared, WAIT).unwrap(), ["01"]);
    assert_eq!(folder.migrate_shared(&shared, WAIT).unwrap(), [""; 0]);
    assert_eq!(files(&folder), ["public.db"]);
    assert_eq!(folder.names().unwrap(), []);
}
