use std::{fs, process::Command};

use super::*;
use crate::backend::sqlite::files::{FileError, FileNameError, FolderError};

fn open_error(path: &Path) -> FolderError {
    Folder::open(path, name("public")).unwrap_err()
}

#[test]
fn a_folder_that_cannot_hold_files_is_told_by_its_path() {
    let root = tempfile::tempdir().unwrap();
    let missing = root.path().join("missing");
    assert_eq!(
        open_error(&missing).to_string(),
        format!("there is no folder {}: create it first", missing.display())
    );
    let file = root.path().join("file");
    fs::write(&file, "").unwrap();
    assert!(matches!(open_error(&file), FolderError::NotAFolder { .. }));
    assert!(matches!(open_error(&file.join("x")), FolderError::NotAFolder { .. }));
    assert!(!missing.exists(), "to look makes nothing");
}

#[test]
fn a_folder_without_the_right_to_write_is_refused() {
    let root = tempfile::tempdir().unwrap();
    let mut permissions = fs::metadata(root.path()).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(root.path(), permissions).unwrap();
    // Root may write everywhere.
    if fs::write(root.path().join("probe"), "").is_ok() {
        println!("skipped: this user may write everywhere");
        return;
    }
    assert!(matches!(open_error(root.path()), FolderError::NotWritable { .. }));
}

#[test]
fn a_read_only_file_system_is_told() {
    let root = tempfile::tempdir().unwrap();
    let mount = |options: &str| {
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(root.path());
        mount.output().is_ok_and(|output| output.status.success())
    };
    if !mount("size=100k,ro") {
        println!("skipped: this user may not mount");
        return;
    }
    let error = open_error(root.path());
    let unmounted = Command::new("umount").arg(root.path()).status().unwrap();
    assert!(unmounted.success());
    assert!(matches!(error, FolderError::ReadOnly { .. }), "{error}");
}

#[test]
fn looking_makes_no_file_and_nothing_else_is_taken_for_a_tenant() {
    let (_guard, folder) = folder();
    let tenant = name("client1");
    assert_eq!(folder.facts(&tenant).unwrap(), None);
    assert!(!folder.has_file(&tenant).unwrap());
    assert!(folder.names().unwrap().is_empty() && folder.wanted().unwrap().is_empty());
    assert!(open(&folder.path_of(&tenant).unwrap(), Access::Read, WAIT).is_err());
    assert!(matches!(
        open(&folder.path_of(&tenant).unwrap(), Access::Write, WAIT),
        Err(FileError::Missing { .. })
    ));
    assert_eq!(files(&folder), [""; 0]);

    let path = |file: &str| folder.root().join(file);
    for file in [
        "Client2.db",
        "client3.db-wal",
        "a.b.db",
        "client4.00.unfinished",
        "notes.txt",
        "main.db",
    ] {
        fs::write(path(file), "x").unwrap();
    }
    fs::create_dir(path("client5.db")).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink("client6", path("client7.db")).unwrap();
    assert_eq!(folder.names().unwrap(), []);

    // A file without a version table is no tenant either.
    execute_in_new(&path("client8.db"), "CREATE TABLE a (b)");
    assert_eq!(folder.names().unwrap(), [name("client8")]);
    assert_eq!(folder.facts(&name("client8")).unwrap(), None);
    // A file that is no database says so.
    fs::write(path("client9.db"), "no database, and long enough to be one".repeat(100)).unwrap();
    let error = folder.facts(&name("client9")).unwrap_err();
    assert!(matches!(error, FileError::NotADatabase { .. }), "{error}");
}

fn execute_in_new(path: &Path, sql: &str) {
    open(path, Access::Create, WAIT).unwrap().batch_execute(sql).unwrap();
}

#[test]
fn hostile_names_are_tenants_like_all_others() {
    let (guard, folder) = folder();
    let migrations = plan(ORDERS);
    let mut names: Vec<_> = [
        "..",
        "a/b",
        "ä",
        "Ä",
        "con",
        "ends.",
        "x'; drop table y; --",
        "a?mode=ro#b",
        "50%41",
    ]
    .map(name)
    .into();
    for tenant in &names {
        folder
            .create(tenant, &migrations, crate::tenancy::TenantStatus::Active, WAIT)
            .unwrap();
    }
    names.sort();
    assert_eq!(folder.names().unwrap(), names);
    assert_eq!(
        fs::read_dir(guard.path().parent().unwrap())
            .unwrap()
            .filter(|entry| { entry.as_ref().unwrap().file_name().to_string_lossy().ends_with(".db") })
            .count(),
        0,
        "nothing is outside of the folder"
    );
    for tenant in &names {
        execute(&folder.path_of(tenant).unwrap(), "INSERT INTO orders DEFAULT VALUES");
        assert_eq!(
            texts(
                &folder.path_of(tenant).unwrap(),
                "SELECT count(*) || '' AS text FROM orders"
            ),
            ["1"]
        );
    }
    assert!(matches!(
        folder.path_of(&name("CON")),
        Err(FileNameError::Capitals { .. })
    ));
    assert!(matches!(
        folder.path_of(&name("public")),
        Err(FileNameError::Shared { .. })
    ));
}
