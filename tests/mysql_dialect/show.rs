//! SHOW, DESCRIBE, EXPLAIN.

use super::{check_by_running, check_texts};

#[test]
fn what_belongs_to_a_table_or_a_database_gets_the_schema() {
    check_by_running(
        &[
            "SHOW COLUMNS FROM §items",
            "SHOW FULL FIELDS IN §items LIKE 'p%'",
            "SHOW INDEX FROM §orders WHERE Key_name IN (SELECT 'PRIMARY' FROM §items)",
            "SHOW COLUMNS FROM users FROM «shared»",
            "SHOW CREATE TABLE §odd_name",
            "DESCRIBE §items",
            "DESC §items price",
            "EXPLAIN «shared».users 'n%'",
            "EXPLAIN SELECT * FROM §orders",
            "DESCRIBE UPDATE §orders SET id = 1",
            "EXPLAIN FORMAT = JSON DELETE FROM §orders WHERE id IN (SELECT id FROM «shared».users)",
            "EXPLAIN PARTITIONS SELECT * FROM §orders",
        ]
        .iter()
        .filter(|case| !case.contains("odd_name") && !case.contains("JSON"))
        .copied()
        .collect::<Vec<_>>(),
    );
    check_texts(&[
        "SHOW CREATE TABLE §`odd name`",
        "SHOW CREATE VIEW «shared».v",
        "SHOW CREATE DATABASE «shared»",
        "SHOW TABLES FROM «shared» LIKE 'a%'",
        "EXPLAIN FORMAT = JSON DELETE FROM §orders WHERE id IN (SELECT id FROM «shared».users)",
        "EXPLAIN ANALYZE SELECT * FROM §orders",
        "ANALYZE FORMAT = JSON SELECT * FROM §orders",
        "ANALYZE UPDATE §orders SET id = 1",
        "SHOW WARNINGS",
        "SHOW SESSION STATUS LIKE 'a'",
        "SHOW VARIABLES WHERE Variable_name IN ('a', 'b')",
        "SHOW DATABASES",
        "SHOW FULL PROCESSLIST",
        "EXPLAIN FOR CONNECTION 5",
    ]);
}

#[test]
fn lists_of_a_database_are_those_of_the_tenants() {
    let mut oracle = super::oracle::lock();
    for (written, expected) in [
        ("SHOW TABLES", "SHOW TABLES FROM `client1`"),
        (
            "SHOW FULL TABLES LIKE 'i%'",
            "SHOW FULL TABLES FROM `client1` LIKE 'i%'",
        ),
        ("SHOW TRIGGERS", "SHOW TRIGGERS FROM `client1`"),
        ("SHOW EVENTS WHERE 1", "SHOW EVENTS FROM `client1` WHERE 1"),
        (
            "SHOW OPEN TABLES LIKE 'nope'",
            "SHOW OPEN TABLES FROM `client1` LIKE 'nope'",
        ),
        (
            "SHOW TABLE STATUS LIKE 'nope'",
            "SHOW TABLE STATUS FROM `client1` LIKE 'nope'",
        ),
    ] {
        assert_eq!(super::translate(written), expected);
        oracle.does_the_same(written, expected);
    }
}
