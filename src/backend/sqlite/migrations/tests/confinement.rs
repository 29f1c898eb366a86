use std::fs;

use super::*;

#[test]
fn the_shared_file_cannot_be_changed() {
    let (_guard, folder) = store();
    let before = fs::read(folder.shared_path()).unwrap();
    for sql in [
        "CREATE TABLE public.z (id INTEGER)",
        "INSERT INTO public.users VALUES (2, 'Bob')",
        "DROP TABLE public.users",
        "UPDATE users SET name = 'x'",
        "PRAGMA public.user_version = 9",
    ] {
        let error = failure(&folder, &[("01_a", sql)]);
        assert!(
            error.contains("a tenant's migration can't change public, which all tenants share"),
            "{sql}: {error}"
        );
    }
    assert_eq!(fs::read(folder.shared_path()).unwrap(), before);
    assert_eq!(tables(&folder), [""; 0]);
}

#[test]
fn a_foreign_key_to_a_shared_table_is_an_error_however_it_is_written() {
    let (_guard, folder) = store();
    let error = failure(
        &folder,
        &[("01_a", "CREATE TABLE a (user_id INTEGER REFERENCES public.users)")],
    );
    assert!(
        error.contains("a foreign key can't lead to another file in SQLite"),
        "{error}"
    );
    let error = failure(
        &folder,
        &[("01_a", "CREATE TABLE a (user_id INTEGER REFERENCES Users (id))")],
    );
    assert!(
        error.contains("table \"a\" has a foreign key to \"Users\", which is not in the tenant's file"),
        "{error}"
    );
    assert_eq!(tables(&folder), [""; 0]);
    // A table of a later migration, and one of the tenant's own of the same name, are allowed.
    let migrations = [
        ("01_a", "CREATE TABLE a (id INTEGER REFERENCES b)"),
        (
            "02_b",
            "CREATE TABLE b (id INTEGER PRIMARY KEY); CREATE TABLE users (id INTEGER PRIMARY KEY); CREATE TABLE c (id INTEGER REFERENCES users)",
        ),
    ];
    migrate(&folder, &migrations).unwrap();
}

#[test]
fn views_and_triggers_on_other_files_are_sqlites_errors() {
    let (_guard, folder) = store();
    let error = failure(&folder, &[("01_a", "CREATE VIEW v AS SELECT * FROM public.users")]);
    assert!(
        error.ends_with("view v cannot reference objects in database public"),
        "{error}"
    );
}

#[test]
fn nothing_runs_if_one_of_the_migrations_is_refused() {
    let (_guard, folder) = store();
    let outside = folder.root().join("outside.db");
    for sql in [
        "ATTACH 'outside.db' AS x",
        "VACUUM INTO 'outside.db'",
        "COMMIT",
        "PRAGMA foreign_keys = OFF",
    ] {
        migrate(&folder, &[("01_a", "CREATE TABLE a (b)"), ("02_b", sql)]).unwrap_err();
        assert_eq!(tables(&folder), [""; 0], "{sql}");
    }
    assert!(!outside.exists() && !std::path::Path::new("outside.db").exists());
}
