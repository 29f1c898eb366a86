//! What a text leaves on the connection.

use diesel_tenants_translate::{Dialect, HazardKind, SessionEffect, Template};

fn effect(sql: &str) -> SessionEffect {
    Template::analyse_for(Dialect::Sqlite, sql).unwrap().session_effect()
}

#[test]
fn settings_and_temporary_objects_stay() {
    for sql in [
        "PRAGMA foreign_keys = OFF",
        "PRAGMA busy_timeout(1)",
        "PRAGMA shared.journal_mode = wal",
        "PRAGMA cache_size = -1",
        "PRAGMA writable_schema = ON",
        "PRAGMA no_such_pragma",
        "PRAGMA temp.user_version = 1",
        "CREATE TEMP TABLE a (b)",
        "CREATE TABLE temp.a (b)",
        "CREATE TEMPORARY VIEW a AS SELECT 1",
        "SELECT load_extension('a')",
        "SELECT 1; PRAGMA foreign_keys = OFF",
    ] {
        assert!(matches!(effect(sql), SessionEffect::Certain { .. }), "{sql}");
    }
}

#[test]
fn transactions_may_stay_open() {
    for sql in [
        "BEGIN",
        "BEGIN IMMEDIATE TRANSACTION",
        "COMMIT",
        "END TRANSACTION",
        "ROLLBACK",
        "SAVEPOINT a",
        "VACUUM",
    ] {
        assert_eq!(effect(sql), SessionEffect::Possible, "{sql}");
    }
}

#[test]
fn nothing_stays_of_other_statements() {
    for sql in [
        "SELECT * FROM a",
        "PRAGMA foreign_keys",
        "PRAGMA table_info(a)",
        "PRAGMA user_version = 3",
        "CREATE TABLE a (b)",
        "PRAGMA temp.user_version",
        "ROLLBACK TO a",
        "ROLLBACK TRANSACTION TO SAVEPOINT a",
        "RELEASE SAVEPOINT a",
        "DROP TABLE temp.a",
        "ANALYZE",
    ] {
        assert_eq!(effect(sql), SessionEffect::None, "{sql}");
    }
}

#[test]
fn how_a_file_is_locked_concerns_every_connection_to_it() {
    let hazard = |sql| Template::analyse_for(Dialect::Sqlite, sql).unwrap().hazard();
    for sql in [
        "PRAGMA journal_mode = delete",
        "PRAGMA shared.Journal_Mode(off)",
        "PRAGMA [locking_mode] = exclusive",
    ] {
        assert_eq!(hazard(sql).unwrap().kind, HazardKind::FileLocking, "{sql}");
    }
    assert_eq!(hazard("PRAGMA journal_mode; PRAGMA synchronous = OFF"), None);
}

#[test]
fn the_last_id_may_be_another_tenants() {
    let template = Template::analyse_for(Dialect::Sqlite, "SELECT last_insert_rowid()").unwrap();
    assert_eq!(template.hazard().unwrap().kind, HazardKind::LastValue);
}

#[test]
fn sqlite_refuses_to_alter_a_table_under_another_name_than_its_trigger_has_for_the_file() {
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("trigger.db");
    for (table, can_alter) in [("client1.orders", false), ("orders", true)] {
        let _ = std::fs::remove_file(&path);
        let attached = |name: &str| {
            let connection = rusqlite::Connection::open_in_memory().unwrap();
            let attach = format!("ATTACH '{}' AS {name}", path.display());
            connection.execute_batch(&attach).unwrap();
            connection
        };
        let create = format!(
            "CREATE TABLE client1.orders (id INT);
             CREATE TRIGGER client1.a AFTER INSERT ON {table} BEGIN SELECT 1; END"
        );
        attached("client1").execute_batch(&create).unwrap();
        let altered = attached("client2").execute_batch("ALTER TABLE client2.orders RENAME TO old_orders");
        assert_eq!(altered.is_ok(), can_alter, "{table}: {altered:?}");
    }
}

#[test]
fn a_schema_in_the_text_of_a_view_or_trigger_stays_in_the_file() {
    let kind = |sql| {
        let template = Template::analyse_for(Dialect::Sqlite, sql).unwrap();
        template.hazard().map(|hazard| hazard.kind)
    };
    for sql in [
        "CREATE VIEW a AS SELECT * FROM shared.users",
        "CREATE VIEW a AS SELECT main.users.id FROM users",
        "CREATE VIEW a AS SELECT 1 WHERE 1 IN shared.users",
        "CREATE TRIGGER a AFTER INSERT ON b BEGIN SELECT * FROM main.c; END",
        "CREATE TRIGGER a AFTER INSERT ON b WHEN EXISTS (SELECT 1 FROM main.c) BEGIN SELECT 1; END",
        "CREATE TRIGGER a AFTER INSERT ON main.b BEGIN SELECT 1; END",
        "CREATE TRIGGER shared.a AFTER INSERT ON shared.b BEGIN SELECT 1; END",
    ] {
        assert_eq!(kind(sql), Some(HazardKind::SchemaInBody), "{sql}");
    }
    for sql in [
        "CREATE VIEW shared.a AS SELECT users.id FROM users",
        "CREATE TEMP VIEW a AS SELECT * FROM shared.users",
        "CREATE TRIGGER shared.a AFTER INSERT ON b BEGIN SELECT new.id; END",
        "CREATE VIEW a AS SELECT 1; SELECT * FROM shared.users",
    ] {
        assert_eq!(kind(sql), None, "{sql}");
    }
}
