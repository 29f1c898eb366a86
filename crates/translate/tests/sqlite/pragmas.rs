//! PRAGMA, ANALYZE, REINDEX and VACUUM.

use super::{check, check_texts, map, name, oracle::Oracle, translate};
use diesel_tenants_translate::{Dialect, SchemaTranslateMap};

#[test]
fn a_pragma_of_a_file_is_given_the_tenants() {
    check_texts(&[
        "PRAGMA §table_info(orders)",
        "PRAGMA §table_xinfo('orders')",
        "PRAGMA §index_list = orders",
        "PRAGMA §foreign_key_check",
        "PRAGMA §integrity_check(10)",
        "PRAGMA §user_version",
        "PRAGMA §user_version = -5",
        "PRAGMA §journal_mode = delete",
        "PRAGMA «shared».journal_mode(wal)",
        "PRAGMA §optimize",
        "PRAGMA temp.page_count",
        "PRAGMA §no_such_pragma",
    ]);
}

#[test]
fn a_pragma_of_the_connection_has_no_schema() {
    check(&[
        "PRAGMA foreign_keys",
        "PRAGMA foreign_keys = ON",
        "PRAGMA busy_timeout(5)",
        "PRAGMA compile_options",
    ]);
}

#[test]
fn a_pragma_function_is_given_the_tenants_file_as_its_last_argument() {
    for (sql, expected) in [
        (
            "SELECT name FROM pragma_table_info('orders')",
            "SELECT name FROM pragma_table_info('orders', 'client1')",
        ),
        (
            "SELECT * FROM sqlite_master m JOIN PRAGMA_index_list(m.name) AS i",
            r#"SELECT * FROM "client1".sqlite_master m JOIN PRAGMA_index_list(m.name, 'client1') AS i"#,
        ),
        (
            "SELECT * FROM pragma_table_info('users', 'Shared')",
            "SELECT * FROM pragma_table_info('users', 'shared_v2')",
        ),
        (
            "SELECT * FROM pragma_function_list",
            "SELECT * FROM pragma_function_list",
        ),
        ("SELECT * FROM pragma_foreign_keys", "SELECT * FROM pragma_foreign_keys"),
    ] {
        assert_eq!(translate(sql), expected, "from {sql}");
    }
    let oracle = Oracle::new();
    for (sql, count) in [
        ("SELECT count(*) FROM pragma_table_info('orders')", 4),
        ("SELECT count(*) FROM pragma_table_xinfo('users', 'shared')", 2),
        ("SELECT count(*) FROM pragma_table_info('users')", 0),
        ("SELECT count(*) FROM pragma_index_list('orders')", 1),
        ("SELECT count(*) FROM pragma_index_info('orders_by_item')", 1),
        ("SELECT count(*) FROM pragma_index_xinfo('orders_by_item')", 2),
        ("SELECT count(*) FROM pragma_foreign_key_list('orders')", 1),
        ("SELECT count(*) FROM pragma_foreign_key_check('orders')", 0),
        ("SELECT count(*) FROM pragma_integrity_check('orders')", 1),
        ("SELECT count(*) FROM pragma_quick_check('orders')", 1),
    ] {
        assert_eq!(oracle.number(&translate(sql)), count, "from {sql}");
    }
    let quoted = SchemaTranslateMap::tenant(name("it's"));
    assert_eq!(
        quoted
            .translate_for(Dialect::Sqlite, "SELECT * FROM pragma_table_info('a')")
            .unwrap(),
        "SELECT * FROM pragma_table_info('a', 'it''s')"
    );
}

#[test]
fn analyze_reindex_and_vacuum_reach_one_file() {
    check_texts(&[
        "ANALYZE §orders",
        "ANALYZE «shared».users",
        "ANALYZE main",
        "REINDEX §orders",
        "REINDEX «shared».users_by_name",
        "REINDEX «shared».expressions",
    ]);
    for (sql, expected) in [
        ("ANALYZE", r#"ANALYZE "client1""#),
        ("ANALYZE; SELECT 1", r#"ANALYZE "client1"; SELECT 1"#),
        ("ANALYZE shared", r#"ANALYZE "shared_v2""#),
        ("ANALYZE CLIENT1", "ANALYZE CLIENT1"),
        ("VACUUM", r#"VACUUM "client1""#),
        ("VACUUM/**/;", r#"VACUUM "client1"/**/;"#),
        ("VACUUM shared", r#"VACUUM "shared_v2""#),
    ] {
        assert_eq!(map().translate_for(Dialect::Sqlite, sql).unwrap(), expected, "{sql}");
    }
    for sql in [
        "ANALYZE",
        "VACUUM",
        "PRAGMA user_version",
        "SELECT * FROM pragma_table_info('a')",
    ] {
        assert!(
            SchemaTranslateMap::new().translate_for(Dialect::Sqlite, sql).is_err(),
            "{sql}"
        );
    }
}
