use super::*;
use crate::{backend::sqlite::files::FileError, tenancy::TenantStatus};

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
