use std::fs;

use super::*;
use crate::{
    backend::sqlite::files::{FileError, Identity, identity_of, opening},
    tenancy::TenantStatus,
};

fn status(folder: &Folder, tenant: &str) -> Option<TenantStatus> {
    folder.facts(&name(tenant)).unwrap().map(|facts| facts.status)
}

fn create(folder: &Folder, tenant: &str) {
    let versions = folder
        .create(&name(tenant), &plan(ORDERS), TenantStatus::Active, WAIT)
        .unwrap();
    assert_eq!(versions, ["01", "02"]);
}

fn path(folder: &Folder, tenant: &str) -> std::path::PathBuf {
    folder.path_of(&name(tenant)).unwrap()
}

fn identity(folder: &Folder, tenant: &str) -> Identity {
    identity_of(&path(folder, tenant)).unwrap().unwrap()
}

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
fn a_clone_has_the_rows_of_one_moment_and_is_active() {
    let (_guard, folder) = folder();
    create(&folder, "client1");
    execute(
        &path(&folder, "client1"),
        "CREATE TABLE log (text TEXT); CREATE TABLE counted (id INTEGER PRIMARY KEY AUTOINCREMENT); \
         CREATE VIEW noted AS SELECT note FROM orders; CREATE VIRTUAL TABLE found USING fts5(text); \
         CREATE TRIGGER logged AFTER INSERT ON orders BEGIN INSERT INTO log VALUES (new.note); END; \
         PRAGMA user_version = 7; \
         INSERT INTO orders (note) VALUES ('kept'); INSERT INTO found VALUES ('hay'); INSERT INTO counted VALUES (41)",
    );
    folder
        .set_status(&name("client1"), TenantStatus::Suspended, WAIT)
        .unwrap();
    let mut connection = open(&path(&folder, "client1"), Access::Write, WAIT).unwrap();
    connection
        .batch_execute("BEGIN; INSERT INTO orders (note) VALUES ('not yet')")
        .unwrap();
    folder
        .clone_tenant(&name("client1"), &name("client2"), true, WAIT)
        .unwrap();
    folder
        .clone_tenant(&name("client1"), &name("client3"), false, WAIT)
        .unwrap();
    let again = folder.clone_tenant(&name("client1"), &name("client3"), false, WAIT);
    assert!(matches!(again, Err(FileError::Exists { .. })));
    drop(connection);

    let count = |tenant: &str, table: &str| {
        texts(
            &path(&folder, tenant),
            &format!("SELECT count(*) || '' AS text FROM {table}"),
        )
        .concat()
    };
    for (tenant, rows) in [("client2", "1"), ("client3", "0")] {
        for table in ["orders", "log", "noted", "found", "counted"] {
            assert_eq!(count(tenant, table), rows, "{table} of {tenant}");
        }
        assert_eq!(count(tenant, "__diesel_schema_migrations"), "2");
        assert_eq!(status(&folder, tenant), Some(TenantStatus::Active));
        assert_eq!(
            texts(
                &path(&folder, tenant),
                "SELECT user_version || '' AS text FROM pragma_user_version"
            ),
            ["7"]
        );
        assert_eq!(
            texts(
                &path(&folder, tenant),
                "SELECT journal_mode AS text FROM pragma_journal_mode"
            ),
            ["wal"]
        );
        let structure = "SELECT type || name || coalesce(sql, '') AS text FROM sqlite_schema ORDER BY 1";
        let (of_clone, of_template) = (
            texts(&path(&folder, tenant), structure),
            texts(&path(&folder, "client1"), structure),
        );
        assert_eq!(of_clone, of_template);
        execute(
            &path(&folder, tenant),
            "INSERT INTO orders (note) VALUES ('own'); INSERT INTO found VALUES ('own')",
        );
    }
    assert_eq!(count("client1", "orders"), "1", "the template has only its own");
}

#[test]
fn the_shared_file_is_made_by_its_first_migrations() {
    let (_guard, folder) = folder();
    let shared = plan(&[("01_users", "CREATE TABLE users (id INTEGER PRIMARY KEY)")]);
    assert_eq!(folder.pending_shared(&shared).unwrap(), ["01"]);
    assert_eq!(files(&folder), [""; 0]);
    assert_eq!(folder.migrate_shared(&shared, WAIT).unwrap(), ["01"]);
    assert_eq!(folder.migrate_shared(&shared, WAIT).unwrap(), [""; 0]);
    assert_eq!(files(&folder), ["public.db"]);
    assert_eq!(folder.names().unwrap(), []);
}
