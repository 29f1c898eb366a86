//! What is promised of migrations, tested on real files.

mod code;
mod confinement;

use std::{error::Error, time::Duration};

use diesel::{
    Connection, QueryableByName, RunQueryDsl, SqliteConnection, connection::SimpleConnection, sql_types::Text,
};
use diesel_migrations::MigrationHarness;

use super::*;
use crate::{
    backend::sqlite::files::{
        Access, FileError, Folder, open,
        testing::{folder, name, plan, reversible, source},
    },
    tenancy::TenantStatus,
};

const WAIT: Duration = Duration::from_secs(20);

/// A folder with a shared table `users`, and a tenant without tables.
fn store() -> (tempfile::TempDir, Folder) {
    let (guard, folder) = folder();
    let shared = plan(&[(
        "01_users",
        "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO users VALUES (1, 'Ada')",
    )]);
    folder.migrate_shared(&shared, WAIT).unwrap();
    folder
        .create(&name("client1"), &plan(&[]), TenantStatus::Active, WAIT)
        .unwrap();
    (guard, folder)
}

fn migrate(folder: &Folder, migrations: &[(&'static str, &'static str)]) -> Result<Vec<String>, FileError> {
    folder.migrate(&name("client1"), &plan(migrations), WAIT)
}

fn failure(folder: &Folder, migrations: &[(&'static str, &'static str)]) -> String {
    let error = migrate(folder, migrations).unwrap_err();
    let mut messages = vec![error.to_string()];
    let mut source = error.source();
    while let Some(error) = source {
        messages.push(error.to_string());
        source = error.source();
    }
    messages.remove(0);
    messages.join(": ")
}

fn texts(folder: &Folder, query: &str) -> Vec<String> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        text: String,
    }

    let path = folder.path_of(&name("client1")).unwrap();
    let mut connection = open(&path, Access::Write, WAIT).unwrap();
    let rows: Vec<Row> = diesel::sql_query(query).load(&mut connection).unwrap();
    rows.into_iter().map(|row| row.text).collect()
}

fn tables(folder: &Folder) -> Vec<String> {
    texts(
        folder,
        "SELECT name AS text FROM sqlite_schema WHERE name NOT LIKE '\\_\\_%' ESCAPE '\\' AND name NOT LIKE 'sqlite%' ORDER BY 1",
    )
}

#[test]
fn raw_sql_lands_in_the_tenants_file_and_reads_the_shared_one() {
    let (_guard, folder) = store();
    let migrations = [
        (
            "01_a",
            "CREATE TABLE a (name TEXT); INSERT INTO a SELECT name FROM public.users; CREATE INDEX i ON a (name)",
        ),
        (
            "02_b",
            "CREATE TRIGGER t AFTER INSERT ON a BEGIN DELETE FROM a WHERE name = 'x'; END; CREATE VIEW v AS SELECT * FROM a",
        ),
    ];
    assert_eq!(migrate(&folder, &migrations).unwrap(), ["01", "02"]);
    assert_eq!(migrate(&folder, &migrations).unwrap(), [""; 0]);
    assert_eq!(tables(&folder), ["a", "i", "t", "v"]);
    assert_eq!(texts(&folder, "SELECT name AS text FROM a"), ["Ada"]);
    assert!(folder.pending(&name("client1"), &plan(&migrations)).unwrap().is_empty());
}

#[test]
fn a_migration_that_fails_leaves_nothing_and_tells_its_line() {
    let (_guard, folder) = store();
    let migrations = [
        ("01_a", "CREATE TABLE a (b)"),
        (
            "02_b",
            "CREATE TABLE c (d);\n\nINSERT INTO a VALUES (1); INSERT INTO nowhere\n VALUES (1)",
        ),
        ("03_c", "CREATE TABLE e (f)"),
    ];
    assert_eq!(
        failure(&folder, &migrations),
        "migration 02_b could not be applied, at line 3: `INSERT INTO a VALUES (1); INSERT INTO nowhere`; the file is as \
         it was before: no such table: nowhere"
    );
    assert_eq!(tables(&folder), ["a"]);
    assert_eq!(texts(&folder, "SELECT count(*) || '' AS text FROM a"), ["0"]);
}

#[test]
fn nothing_of_one_migration_reaches_the_next() {
    let (_guard, folder) = store();
    let migrations = [
        (
            "01_a_outside",
            "CREATE TEMP TABLE t (x); PRAGMA foreign_keys = OFF; PRAGMA case_sensitive_like = ON; CREATE TABLE a (id INTEGER PRIMARY KEY); INSERT INTO a VALUES (7)",
        ),
        (
            "02_b",
            "CREATE TABLE b AS SELECT last_insert_rowid() || (SELECT foreign_keys FROM pragma_foreign_keys) || ('A' LIKE 'a') || total_changes() || (SELECT count(*) FROM temp.sqlite_schema) AS text",
        ),
    ];
    migrate(&folder, &migrations).unwrap();
    assert_eq!(texts(&folder, "SELECT text FROM b"), ["01100"]);
}

#[test]
fn a_migration_outside_a_transaction_keeps_what_it_did() {
    let (_guard, folder) = store();
    let error = failure(
        &folder,
        &[(
            "01_a_outside",
            "CREATE TABLE a (b); VACUUM; BEGIN; CREATE TABLE c (d); COMMIT; SELECT nonsense",
        )],
    );
    assert!(error.contains("its statements before the failure stay"), "{error}");
    assert_eq!(tables(&folder), ["a", "c"]);
    assert_eq!(
        texts(&folder, "SELECT version AS text FROM __diesel_schema_migrations"),
        [""; 0]
    );
    let error = failure(&folder, &[("01_a_outside", "BEGIN; CREATE TABLE e (f)")]);
    assert!(error.contains("left a transaction open"), "{error}");
    assert_eq!(tables(&folder), ["a", "c"]);
    assert_eq!(migrate(&folder, &[("01_a_outside", "VACUUM")]).unwrap(), ["01"]);
    let error = failure(&folder, &[("02_a", "VACUUM")]);
    assert!(error.contains("put `run_in_transaction = false` in"), "{error}");
}

#[test]
fn versions_are_reverted_newest_first() {
    let (_guard, folder) = store();
    let tenant = name("client1");
    let migrations = [
        ("01_a", "CREATE TABLE a (b)", "DROP TABLE a"),
        ("02_b", "CREATE TABLE b (b)", "DROP TABLE b"),
        ("03_c", "CREATE TABLE c (b)", "DROP TABLE c"),
    ];
    let migrations = reversible(&migrations);
    folder.migrate(&tenant, &migrations, WAIT).unwrap();
    assert_eq!(folder.revert(&tenant, &migrations, 1, WAIT).unwrap(), ["03"]);
    assert_eq!(folder.pending(&tenant, &migrations).unwrap(), ["03"]);
    let unknown = folder.revert(&tenant, &plan(&[]), 1, WAIT).unwrap_err();
    assert!(
        unknown
            .source()
            .unwrap()
            .to_string()
            .contains("can't revert version 02")
    );
    assert_eq!(
        folder.revert(&tenant, &migrations, usize::MAX, WAIT).unwrap(),
        ["02", "01"]
    );
    assert_eq!(tables(&folder), [""; 0]);

    let irreversible = reversible(&[
        ("01_a", "CREATE TABLE a (b)", " \n"),
        ("02_b", "CREATE TABLE b (b)", "DROP TABLE b"),
    ]);
    folder.migrate(&tenant, &irreversible, WAIT).unwrap();
    let error = folder.revert(&tenant, &irreversible, 2, WAIT).unwrap_err();
    assert!(
        error
            .source()
            .unwrap()
            .to_string()
            .contains("nothing was reverted: its down.sql is empty"),
        "{error}"
    );
    assert_eq!(tables(&folder), ["a", "b"]);
}

#[test]
fn the_diesel_command_and_this_library_agree() {
    let (_guard, folder) = store();
    let path = folder.path_of(&name("client1")).unwrap();
    let migrations = [
        ("01_a", "CREATE TABLE a (b)"),
        ("02_b", "CREATE TABLE b (b)"),
        ("03_c", "CREATE TABLE c (b)"),
    ];
    migrate(&folder, &migrations[..1]).unwrap();
    let mut connection = open(&path, Access::Write, WAIT).unwrap();
    let run = connection.run_pending_migrations(source(&migrations[..2])).unwrap();
    assert_eq!(run.len(), 1, "Diesel runs the second one alone");
    drop(connection);
    assert_eq!(migrate(&folder, &migrations).unwrap(), ["03"]);

    // A file of the command's is a tenant, and gets checksums from now on.
    let path = folder.path_of(&name("client2")).unwrap();
    let mut connection = open(&path, Access::Create, WAIT).unwrap();
    connection.run_pending_migrations(source(&migrations[..1])).unwrap();
    drop(connection);
    assert_eq!(
        folder.migrate(&name("client2"), &plan(&migrations), WAIT).unwrap(),
        ["02", "03"]
    );
    let surveyed = folder.survey(&[name("client2")], 1).remove(0).unwrap().unwrap();
    let known: Vec<_> = surveyed
        .applied
        .iter()
        .map(|(_, checksum)| checksum.is_some())
        .collect();
    assert_eq!(known, [false, true, true]);
    let mode: String = {
        let mut connection = open(&path, Access::Write, WAIT).unwrap();
        diesel::select(diesel::dsl::sql::<Text>(
            "(SELECT journal_mode FROM pragma_journal_mode)",
        ))
        .get_result(&mut connection)
        .unwrap()
    };
    assert_eq!(mode, "wal");
}

#[test]
fn a_checksum_tells_a_migration_that_was_edited() {
    let (_guard, folder) = store();
    migrate(
        &folder,
        &[("01_a", "CREATE TABLE a (b)"), ("02_b", "CREATE TABLE b (b)")],
    )
    .unwrap();
    let edited = plan(&[("01_a", "CREATE TABLE a (b)"), ("02_b", "CREATE TABLE b (b, c)")]);
    let surveyed = folder.survey(&[name("client1")], 1).remove(0).unwrap().unwrap();
    let now = edited.checksums(&["01".to_owned(), "02".to_owned()]);
    let changed: Vec<_> = surveyed
        .applied
        .iter()
        .filter(|(version, checksum)| now.get(version) != checksum.as_ref())
        .map(|(version, _)| version.as_str())
        .collect();
    assert_eq!(changed, ["02"]);
}

#[test]
fn two_migrations_of_one_version_are_refused() {
    let twice = Plan::read(&source(&[("01_a", ""), ("01_b", "")]));
    assert!(matches!(twice, Err(MigrationProblem::DuplicateVersion { .. })));
}
