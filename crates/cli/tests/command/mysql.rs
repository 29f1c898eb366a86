//! What is peculiar to servers of MySQL and MariaDB: bad input, missing rights, a server that is down, and what needs
//! PostgreSQL.

use std::fs;

use diesel_tenants_test_support::MariaDb;
use serde_json::Value;

use crate::project::{Databases, Ended, Site};

type OnServer = Site<Databases>;

fn finding<'a>(document: &'a Value, check: &str) -> &'a Value {
    let findings = document["findings"].as_array().unwrap();
    let found = findings.iter().find(|finding| finding["check"] == check);
    found.unwrap_or_else(|| panic!("{check} is not in {document}"))
}

/// The URL of the shared server for another account.
fn url_of(account: &str) -> String {
    let url = MariaDb::shared().url();
    let (_, place) = url.rsplit_once('@').unwrap();
    format!("mysql://{account}:secret@{place}")
}

#[test]
fn a_whole_life_of_a_tenant() {
    let project = OnServer::new();
    project.migration(
        "tenant_migrations/2_orders",
        "CREATE TABLE orders (id BIGINT PRIMARY KEY AUTO_INCREMENT, user_id INT, quantity INT NOT NULL); \
         CREATE VIEW many AS SELECT * FROM orders WHERE quantity > 9",
        "DROP VIEW many; DROP TABLE orders",
    );
    project.run(&["shared", "migrate"]).well();
    let created = project.run(&["tenant", "create", "client1"]).well();
    assert_eq!(created, "client1: created, 2 migrations applied\n");
    project
        .run(&[
            "run",
            "INSERT INTO orders (quantity) VALUES (3), (30)",
            "--only",
            "client1",
        ])
        .well();
    project.run(&["tenant", "clone", "client1", "client2"]).well();
    project.run(&["tenant", "suspend", "client2"]).well();
    project.run(&["tenant", "resume", "client2"]).well();
    project.run(&["tenant", "rename", "client2", "o'brien & söhne"]).well();
    let rows = project.run(&["run", "SELECT quantity FROM many"]).well();
    assert_eq!(
        rows,
        "client1: 1 row\nquantity\n30\no'brien & söhne: 1 row\nquantity\n30\n"
    );
    let (_, archived) = project.json(&["tenant", "archive", "o'brien & söhne"]);
    let archive = archived["tenants"][0]["archive"].as_str().unwrap().to_owned();
    project.run(&["tenant", "restore", &archive, "client3"]).well();
    project.run(&["redo", "--yes", "--only", "client3"]).well();
    assert_eq!(project.ask("client3", "SELECT COUNT(*) FROM §orders"), "0");
    project.run(&["status", "--check"]).well();
    project.run(&["tenant", "drop", "client1", "client3", "--yes"]).well();
    assert_eq!(project.with_table("orders"), "");
    assert_eq!(project.run(&["tenant", "list"]).well(), "no tenants\n");
}

#[test]
fn what_needs_postgresql_is_refused_at_once_with_what_to_do_instead() {
    let project = OnServer::with_tenants(&["client1"]);
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
                err.contains("needs PostgreSQL, and this database is a server of MySQL: "),
                "{arguments:?}: {err}"
            );
        }
    });
    let err = project.run(&["doctor", "--integrity"]).failed();
    assert!(err.contains("CHECK TABLE"), "{err}");
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
fn a_wrong_url_is_told_without_its_password() {
    let project = OnServer::new();
    for (url, told) in [
        (
            "mysql://me:hush-hush@127.0.0.1:1",
            "can't connect to MySQL at 127.0.0.1:1",
        ),
        (
            "mariadb://me:hush-hush@127.0.0.1:1",
            "can't connect to MySQL at 127.0.0.1:1",
        ),
        ("mysql://me:hush-hush@127.0.0.1:1/store", "names the database \"store\""),
        ("mysql://me:hush-hush@127.0.0.1:1/?colour=red", "colour"),
        ("mysql://me:hush-hush@127.0.0.1:port", "can't be parsed"),
        ("mysql:hush-hush", "can't be parsed"),
    ] {
        let ended = project.run(&["tenant", "list", "--json", "--database-url", url]);
        assert_eq!(ended.code, Some(1), "{url}");
        assert!(ended.err.contains(told), "{url}: {}", ended.err);
        assert!(
            !ended.err.contains("hush") && !ended.out.contains("hush"),
            "{}",
            ended.err
        );
    }
    let wrong = url_of("nobody");
    let err = project.run(&["tenant", "list", "--database-url", &wrong]).failed();
    assert!(err.contains("Access denied") && !err.contains("secret"), "{err}");
}

#[test]
fn rights_that_are_missing_are_told_and_nothing_is_half_made() {
    let project = OnServer::with_tenants(&["client1"]);
    Databases::rows(
        "CREATE OR REPLACE USER reader IDENTIFIED BY 'secret'; GRANT SELECT ON *.* TO reader; \
         CREATE OR REPLACE USER stranger IDENTIFIED BY 'secret'",
    );
    let (reader, stranger) = (url_of("reader"), url_of("stranger"));
    let listed = project.run(&["tenant", "list", "--database-url", &reader]).well();
    assert!(listed.contains("client1"), "{listed}");
    project.without_changes(|| {
        for arguments in [
            &["tenant", "create", "client2"][..],
            &["tenant", "drop", "client1", "--yes"],
            &["tenant", "rename", "client1", "client2"],
            &["run", "DELETE FROM items"],
        ] {
            let err = project
                .run(&[arguments, &["--database-url", &reader]].concat())
                .failed();
            assert!(err.contains("denied"), "{arguments:?}: {err}");
        }
        let ended = project.run(&["tenant", "create", "client2", "--database-url", &stranger]);
        assert!(ended.failed().contains("denied"));
    });
    let (_, document) = project.json(&["doctor", "--database-url", &reader]);
    let rights = finding(&document, "rights");
    assert_eq!(rights["severity"], "warning");
    assert!(rights["found"].as_str().unwrap().contains("INSERT"), "{rights}");
}

#[test]
fn a_failed_migration_goes_on_behind_the_last_statement_that_was_applied() {
    let project = OnServer::with_tenants(&["client1", "client2"]);
    let up = "CREATE TABLE a (id INT);\nALTER TABLE items ADD COLUMN note TEXT;\nCREATE TABLE b (id INT)";
    project.migration("tenant_migrations/2_notes", up, "DROP TABLE a, b");
    project.alter("client2", "ALTER TABLE items ADD COLUMN note INT");
    let ended = project.run(&["migrate", "--keep-going"]);
    assert_eq!(ended.code, Some(1), "{}", ended.err);
    for told in ["client2: failed: ", "2_notes", "line 2", "Duplicate column name 'note'"] {
        assert!(ended.out.contains(told), "{told}: {}", ended.out);
    }
    assert_eq!(
        (project.with_table("a"), project.with_table("b")),
        ("client1 client2".to_owned(), "client1".to_owned())
    );
    let (_, document) = project.json(&["doctor"]);
    let unfinished = finding(&document, "unfinished migrations");
    assert_eq!(
        (&unfinished["severity"], &unfinished["found"]),
        (&"problem".into(), &"client2".into())
    );

    project.alter("client2", "ALTER TABLE items DROP COLUMN note");
    let out = project.run(&["migrate"]).well();
    assert!(out.starts_with("1 migrated, 1 up to date, in "), "{out}");
    assert_eq!(project.with_table("b"), "client1 client2");
    project.run(&["status", "--check"]).well();
}

#[test]
fn a_migration_that_leaves_its_database_is_refused() {
    let project = OnServer::with_tenants(&["client1", "client2"]);
    project.run(&["shared", "migrate"]).well();
    for escape in [
        "CREATE TABLE public.gifts (id int)",
        "USE mysql",
        "DELETE FROM client2.items",
    ] {
        project.migration("tenant_migrations/2_escape", escape, "SELECT 1");
        project.without_changes(|| {
            project.run(&["migrate"]).failed();
        });
    }
}

#[test]
fn names_of_tenants_are_completed() {
    let project = OnServer::with_tenants(&["client1", "client2", "other"]);
    let mut command = project.command(&["--", "diesel-tenants", "tenant", "drop", "cl"]);
    command.env("_DIESEL_TENANTS_COMPLETE", "fish");
    let completed = Ended::of(command.output().unwrap()).well();
    assert_eq!(completed.lines().collect::<Vec<_>>(), ["client1", "client2"]);
}

#[test]
fn a_server_that_is_down_is_told_in_every_subcommand() {
    // A port on which nobody listens: the listener is gone when the command runs.
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let url = format!("mysql://root:secret@127.0.0.1:{port}");
    let project = OnServer::new();
    for arguments in [
        &["tenant", "list"][..],
        &["tenant", "create", "client1"],
        &["migrate"],
        &["shared", "status"],
        &["schema", "check"],
        &["run", "SELECT 1"],
    ] {
        let err = project.run(&[arguments, &["--database-url", &url]].concat()).failed();
        assert!(
            err.contains("can't connect to MySQL at 127.0.0.1:"),
            "{arguments:?}: {err}"
        );
    }
    let (code, document) = project.json(&["doctor", "--database-url", &url]);
    assert_eq!(
        (code, &finding(&document, "pool")["severity"]),
        (Some(1), &"problem".into())
    );
}

#[test]
fn the_doctor_has_nothing_to_say_of_a_healthy_server() {
    let project = OnServer::with_tenants(&["client1"]);
    project.run(&["shared", "migrate"]).well();
    Databases::rows("SET GLOBAL sql_mode = 'STRICT_TRANS_TABLES'");
    let out = project.run(&["doctor", "--strict"]).well();
    assert!(
        out.contains("MariaDB") && out.contains("all tables are InnoDB's"),
        "{out}"
    );
}

#[test]
fn declarations_are_generated_checked_and_shown_to_be_behind() {
    let project = OnServer::new();
    project.migration(
        "migrations/1_users",
        "CREATE TABLE users (id BIGINT UNSIGNED PRIMARY KEY)",
        "DROP TABLE users",
    );
    project.migration(
        "tenant_migrations/1_items",
        "CREATE TABLE items (id INT PRIMARY KEY, user_id BIGINT UNSIGNED NOT NULL, place POINT, \
         FOREIGN KEY (user_id) REFERENCES public.users (id))",
        "DROP TABLE items",
    );
    let ended = project.run(&["schema", "generate"]);
    assert!(
        ended
            .err
            .starts_with("warning: the column \"place\" of the tenant table \"items\""),
        "{}",
        ended.err
    );
    ended.well();
    let tenant = fs::read_to_string(project.path().join("src/schema/tenant.rs")).unwrap();
    assert!(
        tenant.contains("        user_id -> Unsigned<BigInt>,\n    }"),
        "{tenant}"
    );
    assert!(
        tenant.contains("diesel::joinable!(items -> users (user_id));"),
        "{tenant}"
    );
    project.run(&["schema", "check"]).well();
    let left =
        Databases::rows("SELECT SCHEMA_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME LIKE '%scratch%'");
    assert!(left.is_empty(), "{left:?}");

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

    project.run(&["shared", "migrate"]).well();
    project.run(&["tenant", "create", "client1"]).well();
    project.run(&["schema", "generate", "--tenant", "client1"]).well();
    project.run(&["schema", "check"]).well();
}

#[test]
fn a_tenant_is_exported_to_a_file_and_imported_under_another_name() {
    let project = OnServer::with_tenants(&["client1"]);
    project
        .run(&["run", "INSERT INTO items VALUES (7)", "--only", "client1"])
        .well();
    let exported = project.run(&["tenant", "export", "client1", "client1.tenant"]).well();
    assert!(
        exported.starts_with("client1: exported, ") && exported.ends_with(", to client1.tenant\n"),
        "{exported}"
    );
    let imported = project.run(&["tenant", "import", "client2", "client1.tenant"]).well();
    assert!(imported.contains("exported as client1"), "{imported}");
    assert_eq!(project.ask("client2", "SELECT id FROM §items"), "7");
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

#[test]
fn drift_is_found_and_the_sql_repairs_it() {
    let project = OnServer::with_tenants(&["template", "client1", "client2"]);
    assert_eq!(
        project.run(&["drift", "template"]).well(),
        "like template: 2; not like it: 0\n"
    );
    project
        .run(&["run", "CREATE TABLE by_hand (id int)", "--only", "client2"])
        .well();
    project
        .run(&[
            "run",
            "ALTER TABLE items MODIFY id BIGINT, ADD note TEXT",
            "--only",
            "client2",
        ])
        .well();
    let ended = project.run(&["drift", "template"]);
    assert_eq!(ended.code, Some(1), "{}", ended.err);
    for told in [
        "client2:\n",
        "  column id of items is different\n",
        "  column note of items is unexpected\n",
        "  table by_hand is unexpected\n",
        "like template: 1; not like it: 1; --sql",
    ] {
        assert!(ended.out.contains(told), "{told}: {}", ended.out);
    }
    project.run(&["drift", "template", "--only", "client1"]).well();

    let sql = project.run(&["drift", "template", "--sql"]).out;
    assert!(
        sql.contains("-- The next statement loses data.\nDROP TABLE `client2`.`by_hand`"),
        "{sql}"
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
fn an_application_s_directory_is_not_touched() {
    let project = OnServer::with_tenants(&["client1"]);
    project.write("diesel-tenants.toml", "directory = \"own\"\n");
    let err = project.run(&["tenant", "create", "client2"]).failed();
    assert!(err.contains("directory of its own"), "{err}");
    project.run(&["migrate"]).well();
    assert_eq!(project.with_table("items"), "client1");
}
