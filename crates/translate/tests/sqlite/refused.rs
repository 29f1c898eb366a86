//! What is an error: what can't be kept in one file, and what is not understood.

use super::map;
use diesel_tenants_translate::{Dialect, SchemaTranslateMap, TranslateError};

fn refused(cases: &[&str]) {
    for sql in cases {
        let translated = map().translate_for(Dialect::Sqlite, sql);
        assert!(
            matches!(
                translated,
                Err(TranslateError::NotUnderstood { .. } | TranslateError::Unterminated { .. })
            ),
            "{sql}: {translated:?}"
        );
    }
}

#[test]
fn what_reaches_beyond_one_file() {
    refused(&[
        "ATTACH 'client2.db' AS client2",
        "ATTACH DATABASE ? AS ?",
        "DETACH shared",
        "SELECT 1; DETACH DATABASE shared",
        "VACUUM INTO 'copy.db'",
        "VACUUM main INTO 'copy.db'",
        "REINDEX",
        "REINDEX nocase",
        "REINDEX Expressions",
        "PRAGMA temp_store_directory = '/tmp'",
        "PRAGMA soft_heap_limit = 1",
        "PRAGMA hard_heap_limit(1)",
        "SELECT * FROM pragma_hard_heap_limit",
        "SELECT * FROM dbstat",
        "SELECT * FROM main.sqlite_dbpage",
        "UPDATE sqlite_dbpage SET data = x'00'",
        "SELECT * FROM dbstat('main')",
        "WITH dbstat AS (SELECT 1) SELECT * FROM main.dbstat",
        "WITH dbstat AS (SELECT 1) SELECT * FROM dbstat; SELECT * FROM dbstat",
        "SELECT (WITH dbstat AS (SELECT 1) SELECT * FROM dbstat) FROM dbstat",
        "WITH dbstat AS (SELECT 1) INSERT INTO dbstat SELECT 1",
        "WITH pragma_table_list AS (SELECT 1) SELECT * FROM main.pragma_table_list",
        "CREATE VIRTUAL TABLE a USING dbstat(main)",
        "CREATE VIRTUAL TABLE a USING fts5vocab(main, notes, 'row')",
        "CREATE VIRTUAL TABLE a USING fts4aux(main, notes)",
        "CREATE VIRTUAL TABLE a USING transitive_closure(tablename = 'orders')",
        "CREATE VIRTUAL TABLE a USING csv(filename='a')",
        "CREATE TEMP TRIGGER a AFTER INSERT ON orders BEGIN INSERT INTO items VALUES (1); END",
        "CREATE TRIGGER temp.a AFTER INSERT ON orders BEGIN INSERT INTO items VALUES (1); END",
        "SELECT diesel_manage_updated_at('orders')",
        "SELECT rtreecheck('main', 'a')",
        "SELECT eval('SELECT 1 FROM main.orders')",
        "SELECT * FROM pragma_table_list",
        "SELECT * FROM pragma_table_list('orders')",
        "SELECT * FROM pragma_user_version",
        "SELECT * FROM pragma_page_count()",
        "SELECT * FROM pragma_table_info()",
        "SELECT * FROM pragma_table_info('orders', 'a', 'b')",
        "SELECT * FROM pragma_table_info WHERE arg = 'orders'",
        "SELECT * FROM pragma_table_info('orders', ?)",
        "SELECT * FROM pragma_table_info('orders', 'a' || 'b')",
        "SELECT * FROM main.pragma_table_info('orders')",
        "SELECT * FROM pragma_no_such",
        "CREATE VIEW a AS SELECT * FROM pragma_table_info('orders')",
    ]);
}

#[test]
fn a_copy_of_a_file_is_refused_with_its_reason() {
    for sql in ["VACUUM INTO 'copy.db'", "VACUUM shared INTO 'copy.db'"] {
        let error = map().translate_for(Dialect::Sqlite, sql).unwrap_err();
        assert!(error.to_string().contains("VACUUM INTO"), "{error}");
    }
}

#[test]
fn what_is_no_statement_of_sqlite() {
    refused(&[
        "SELECT",
        "SELECT * FROM",
        "SELECT * FROM a b c",
        "SELECT * FROM a.b.c",
        "SELECT a.b.c.d FROM a",
        "SELECT * FROM a WHERE",
        "SELECT (1 FROM a",
        "SELECT 1) FROM a",
        "SELECT * FROM a JOIN",
        "SELECT * FROM a LEFT b",
        "(SELECT 1)",
        "SELECT * FROM a UNION (SELECT 1)",
        "WITH a SELECT 1",
        "WITH a AS SELECT 1",
        "INSERT a VALUES (1)",
        "INSERT INTO a",
        "INSERT OR NOTHING INTO a VALUES (1)",
        "INSERT INTO a SELECT * FROM b ON CONFLICT DO NOTHING",
        "UPDATE a b SET c = 1",
        "UPDATE a SET b.c = 1",
        "DELETE a",
        "CREATE TABLE a (b",
        "CREATE TABLE a (b) AS SELECT 1",
        "CREATE INDEX a ON b.c (d)",
        "CREATE TRIGGER a AFTER INSERT ON b BEGIN SELECT 1 END",
        "CREATE TRIGGER a AFTER INSERT ON b BEGIN SELECT 1;",
        "CREATE TRIGGER a AFTER INSERT ON b BEGIN CREATE TABLE c (d); END",
        "ALTER TABLE a",
        "DROP DATABASE a",
        "TRUNCATE a",
        "COPY a FROM stdin",
        "SELECT a::text FROM b",
        "SELECT 1a FROM b",
        "SELECT x'0' FROM a",
        "SELECT 'a FROM b",
        "SELECT [a FROM b",
        "SELECT `a FROM b",
        "SELECT * FROM a { }",
        "SELECT a ! b FROM c",
        "SELECT 1\0 FROM a",
        "\u{feff}SELECT 1",
        "SELECT 1\u{b}FROM a",
        "SELECT # FROM a",
        "SELECT * FROM a /*",
    ]);
}

#[test]
fn nesting_is_limited_as_it_is_in_sqlite() {
    let nested = |depth: usize| format!("SELECT {}1{}", "(".repeat(depth), ")".repeat(depth));
    assert!(map().translate_for(Dialect::Sqlite, &nested(100)).is_ok());
    let deep = [
        nested(100_000),
        format!("SELECT {}", "(SELECT ".repeat(100_000)),
        format!("SELECT * FROM {}a", "(".repeat(100_000)),
        format!("SELECT {}", "CASE ".repeat(100_000)),
        format!("SELECT {}", "f(".repeat(100_000)),
        "WITH a AS (".repeat(100_000),
    ];
    for sql in &deep {
        assert!(map().translate_for(Dialect::Sqlite, sql).is_err());
    }
    let long = format!("SELECT {} 1 FROM orders", "- NOT 1 + ".repeat(100_000));
    assert!(map().translate_for(Dialect::Sqlite, &long).is_ok());
}

#[test]
fn a_tenants_table_without_a_tenant_is_named() {
    let shared = SchemaTranslateMap::new();
    for (sql, table) in [
        ("SELECT * FROM [Odd name]", "Odd name"),
        ("DROP INDEX `a``b`", "a`b"),
        ("CREATE VIEW 'v' AS SELECT 1", "v"),
    ] {
        match shared.translate_for(Dialect::Sqlite, sql) {
            Err(TranslateError::TenantRequired { table: named, .. }) => assert_eq!(named, table),
            other => panic!("{sql}: {other:?}"),
        }
    }
    let symbolic = SchemaTranslateMap::new().with_symbolic("tenant");
    match symbolic.translate_for(Dialect::Sqlite, "SELECT * FROM Tenant.[a b]") {
        Err(TranslateError::TenantRequired { table, .. }) => assert_eq!(table, "tenant.a b"),
        other => panic!("{other:?}"),
    }
    for sql in [
        "SELECT * FROM shared.users",
        "SELECT * FROM json_each('[]')",
        "SELECT 1",
        "BEGIN",
    ] {
        assert_eq!(shared.translate_for(Dialect::Sqlite, sql).unwrap(), sql);
    }
}
