//! What is peculiar to folders of SQLite: bad input, and what needs PostgreSQL.

use std::fs;

use serde_json::Value;

use crate::project::{Files, Site};

type Folder = Site<Files>;

fn finding<'a>(document: &'a Value, check: &str) -> &'a Value {
    let findings = document["findings"].as_array().unwrap();
    findings.iter().find(|finding| finding["check"] == check).unwrap()
}

#[test]
fn what_needs_postgresql_is_refused_at_once_with_what_to_do_instead() {
    let project = Folder::with_tenants(&["client1"]);
    project.without_changes(|| {
        for arguments in [
            &["spares", "prepare", "1"][..],
            &["tenant", "drop", "client1", "--yes", "--force"],
            &["tenant", "archive", "client1", "--force"],
            &["tenant", "archive", "client1", "--leave-texts"],
            &["tenant", "rename", "client1", "client2", "--leave-texts"],
            &["tenant", "restore", "client1", "--leave-texts"],
            &["migrate", "--lock-timeout", "1s"],
            &["revert", "--lock-attempts", "3", "--yes"],
            &["redo", "--statements-per-connection", "3", "--yes"],
        ] {
            let err = project.run(arguments).failed();
            assert!(
                err.contains("needs PostgreSQL, and this database is a folder of SQLite: "),
                "{arguments:?}: {err}"
            );
        }
    });
    let err = project
        .run(&["status", "--migration-url", "postgres://localhost/x"])
        .failed();
    assert!(err.contains("--migration-url"), "{err}");
    for setting in [
        "extension_schemas = [\"x\"]",
        "search_path_from_role = true",
        "[schema]\ntemplate = \"x\"",
    ] {
        project.write("diesel-tenants.toml", setting);
        let err = project.run(&["status"]).failed();
        assert!(err.contains("is about PostgreSQL"), "{err}");
    }
}

#[test]
fn a_folder_that_cannot_be_used_is_named_and_never_made() {
    let project = Folder::new();
    project.write("file", "");
    let mut places = vec!["sqlite:missing", "sqlite:file"];
    if cfg!(target_os = "linux") {
        // Nobody can make a file there, not even the superuser.
        places.push("sqlite:/proc");
    }
    for url in places {
        for arguments in [
            &["tenant", "list"][..],
            &["migrate"],
            &["shared", "migrate"],
            &["status"],
        ] {
            let err = project.run(&[arguments, &["--database-url", url]].concat()).failed();
            assert!(err.contains(url.strip_prefix("sqlite:").unwrap()), "{err}");
        }
        let (code, document) = project.json(&["doctor", "--database-url", url]);
        assert_eq!(
            (code, &finding(&document, "folder")["severity"]),
            (Some(1), &"problem".into())
        );
    }
    assert!(!project.path().join("missing").exists());
    let err = project.run(&["status", "--database-url", "sqlite:"]).failed();
    assert!(err.contains("sqlite:PATH"), "{err}");
}

#[test]
fn a_file_that_is_no_database_is_named() {
    let project = Folder::with_tenants(&["client1"]);
    project.write(
        "data/notes.db",
        "no database, but a text that is long enough".repeat(99),
    );
    let listed = project.run(&["tenant", "list", "--all"]).well();
    assert!(listed.contains("notes    unfinished"), "{listed}");
    let err = project.run(&["status"]).failed();
    assert!(err.contains("notes.db is not a database"), "{err}");
    let (code, document) = project.json(&["doctor"]);
    let unreadable = finding(&document, "unreadable files");
    assert_eq!((code, &unreadable["severity"]), (Some(1), &"problem".into()));
    assert!(
        unreadable["found"].as_str().unwrap().starts_with("notes ("),
        "{unreadable}"
    );
    assert!(
        unreadable["advice"]
            .as_str()
            .unwrap()
            .contains("`diesel-tenants tenant drop`"),
        "{unreadable}"
    );
    project.run(&["tenant", "drop", "notes", "--yes"]).well();
    project.run(&["status", "--check"]).well();
}

#[test]
fn the_url_comes_from_the_variable_and_its_folder_is_relative_to_the_current_one() {
    let project = Folder::with_tenants(&["client1"]);
    project.write(".env", "DATABASE_URL=sqlite:data\n");
    let mut command = project.command(&["tenant", "list"]);
    let output = command.env_remove("DATABASE_URL").output().unwrap();
    assert!(String::from_utf8(output.stdout).unwrap().contains("client1"));
}

#[test]
fn the_doctor_has_nothing_to_say_of_a_healthy_folder() {
    let project = Folder::with_tenants(&["client1"]);
    project.run(&["shared", "migrate"]).well();
    let out = project.run(&["doctor", "--strict", "--integrity"]).well();
    assert!(out.contains("SQLite version") && out.contains("no damage"), "{out}");
    let (_, document) = project.json(&["doctor"]);
    assert_eq!(finding(&document, "journal mode")["found"], "all files are in WAL mode");
}

#[test]
fn declarations_are_generated_checked_and_shown_to_be_behind() {
    let project = Folder::new();
    project.migration(
        "migrations/1_users",
        "CREATE TABLE users (id INTEGER PRIMARY KEY)",
        "DROP TABLE users",
    );
    project.migration(
        "tenant_migrations/1_items",
        "CREATE TABLE items (id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL, price NUMERIC, document JSON)",
        "DROP TABLE items",
    );
    let ended = project.run(&["schema", "generate"]);
    assert!(
        ended
            .err
            .starts_with("warning: the column \"document\" of the tenant table \"items\""),
        "{}",
        ended.err
    );
    ended.well();
    let tenant = fs::read_to_string(project.path().join("src/schema/tenant.rs")).unwrap();
    assert!(tenant.contains("        price -> Nullable<Double>,\n    }"), "{tenant}");
    project.run(&["schema", "check"]).well();
    assert_eq!(
        fs::read_dir(&project.database.folder)
            .unwrap()
            .flatten()
            .filter(|entry| entry.path().is_file())
            .count(),
        0
    );

    project.migration(
        "tenant_migrations/2_note",
        "ALTER TABLE items ADD COLUMN note TEXT",
        "SELECT 1",
    );
    let ended = project.run(&["schema", "check"]);
    assert_eq!(ended.code, Some(1), "{}", ended.err);
    assert!(
        ended.out.contains("\n+        note -> Nullable<Text>,\n"),
        "{}",
        ended.out
    );

    project.write(
        "diesel-tenants.toml",
        "[schema.sql_types]\njson = \"diesel::sql_types::Json\"\n",
    );
    project.run(&["tenant", "create", "client1"]).well();
    project.run(&["shared", "migrate"]).well();
    let ended = project.run(&["schema", "generate", "--tenant", "client1"]);
    assert_eq!(ended.err, "");
    project.run(&["schema", "check"]).well();
    let tenant = fs::read_to_string(project.path().join("src/schema/tenant.rs")).unwrap();
    assert!(tenant.contains("        document -> Nullable<Json>,\n"), "{tenant}");
}

#[test]
fn an_application_s_directory_is_kept_or_not_touched() {
    let project = Folder::with_tenants(&["client1"]);
    project.write("diesel-tenants.toml", "directory = \"own\"\n");
    let err = project.run(&["tenant", "create", "client2"]).failed();
    assert!(err.contains("directory of its own"), "{err}");
    project.run(&["migrate"]).well();
    assert_eq!(project.with_table("items"), "client1");
    assert!(!project.database.path("client2").exists());
}

#[test]
fn a_migration_that_leaves_its_file_is_refused() {
    let project = Folder::with_tenants(&["client1", "client2"]);
    project.run(&["shared", "migrate"]).well();
    for escape in [
        "CREATE TABLE public.gifts (id int)",
        "ATTACH 'elsewhere.db' AS elsewhere",
    ] {
        project.migration("tenant_migrations/2_escape", escape, "SELECT 1");
        project.without_changes(|| assert_eq!(project.run(&["migrate"]).code, Some(1)));
    }
    assert!(!project.path().join("elsewhere.db").exists());
}

#[test]
fn drift_is_found_and_the_sql_repairs_it() {
    let project = Folder::with_tenants(&["template", "client1", "client2"]);
    assert_eq!(
        project.run(&["drift", "template"]).well(),
        "like template: 2; not like it: 0\n"
    );
    project
        .run(&["run", "CREATE TABLE by_hand (id int)", "--only", "client2"])
        .well();
    let ended = project.run(&["drift", "template"]);
    assert_eq!(ended.code, Some(1), "{}", ended.err);
    assert!(
        ended
            .out
            .starts_with("client2:\n  table by_hand is unexpected\nlike template: 1; not like it: 1; --sql"),
        "{}",
        ended.out
    );
    let (code, report) = project.json(&["drift", "template"]);
    assert_eq!((code, &report["drifted"][0]["tenant"]), (Some(1), &"client2".into()));
    project.run(&["drift", "template", "--only", "client1"]).well();

    let sql = project.run(&["drift", "template", "--sql"]).out;
    assert!(sql.contains("-- The next statement loses data.\nDROP TABLE"), "{sql}");
    assert_eq!(
        project.run(&["drift", "template"]).code,
        Some(1),
        "nothing was changed yet"
    );
    project.write("repair.sql", sql);
    project
        .run(&["run", "--file", "repair.sql", "--only", "client2"])
        .well();
    project.run(&["drift", "template"]).well();
    let err = project.run(&["drift", "nobody"]).failed();
    assert!(err.contains("\"nobody\""), "{err}");
}

#[test]
fn a_tenant_is_exported_to_a_file_and_imported_under_another_name() {
    let project = Folder::with_tenants(&["client1"]);
    project
        .run(&["run", "INSERT INTO items VALUES (7)", "--only", "client1"])
        .well();
    let exported = project.run(&["tenant", "export", "client1", "client1.tenant"]).well();
    assert!(
        exported.starts_with("client1: exported, ") && exported.ends_with(", to client1.tenant\n"),
        "{exported}"
    );
    let err = project.run(&["tenant", "export", "client1", "client1.tenant"]).failed();
    assert!(err.contains("client1.tenant"), "{err}");
    let imported = project.run(&["tenant", "import", "client2", "client1.tenant"]).well();
    assert!(imported.contains("exported as client1"), "{imported}");
    let rows = project.run(&["run", "SELECT * FROM items", "--only", "client2"]).well();
    assert!(rows.contains('7'), "{rows}");
    project.run(&["status", "--check"]).well();

    project.without_changes(|| {
        let err = project.run(&["tenant", "import", "client2", "client1.tenant"]).failed();
        assert!(err.contains("client2"), "{err}");
        let whole = fs::read(project.path().join("client1.tenant")).unwrap();
        project.write("cut.tenant", &whole[..whole.len() - 9]);
        project.run(&["tenant", "import", "client3", "cut.tenant"]).failed();
        project.run(&["tenant", "export", "nobody", "nobody.tenant"]).failed();
    });
    assert!(!project.path().join("nobody.tenant").exists());
}
