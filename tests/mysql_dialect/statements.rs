//! Texts of several statements.

use super::check_texts;
use diesel_tenants_translate::{Dialect, statements_for};

fn statements(sql: &str) -> Vec<&str> {
    let ranges = statements_for(Dialect::Mysql, sql).unwrap();
    ranges.into_iter().map(|range| &sql[range]).collect()
}

#[test]
fn semicolons_end_statements_but_not_in_strings_names_and_comments() {
    assert_eq!(
        statements(" ; SELECT ';', `;`, \";\", '\\';' /* ; */ -- ;\n# ;\n; ;SELECT 2"),
        ["SELECT ';', `;`, \";\", '\\';'", "SELECT 2"]
    );
    assert!(statements("").is_empty() && statements(" -- a\n;;").is_empty());
}

#[test]
fn a_body_ends_with_its_block() {
    for body in [
        "CREATE TRIGGER a BEFORE INSERT ON b FOR EACH ROW BEGIN SELECT CASE WHEN 1 THEN 2 END; DELETE FROM c; END",
        "CREATE TRIGGER IF NOT EXISTS a BEFORE INSERT ON b FOR EACH ROW FOLLOWS c IF 1 THEN DELETE FROM d; END IF",
        "CREATE OR REPLACE PROCEDURE IF NOT EXISTS a (b CHAR(1) CHARACTER SET utf8mb4) l: BEGIN IF (1) THEN SELECT IF(1, 2, 3); END IF; END l",
        "CREATE PROCEDURE a () REPEAT SET b = 1; UNTIL b END REPEAT",
        "CREATE PROCEDURE a () WHILE b DO SET b = 1; END WHILE",
        "CREATE PROCEDURE a () CASE b WHEN 1 THEN SELECT 1; ELSE BEGIN END; END CASE",
        "CREATE PROCEDURE a () BEGIN DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN SELECT 1; END; l: LOOP SELECT 2; END LOOP l; END",
        "CREATE FUNCTION a () RETURNS SET('b') RETURN IF(1, 2, 3)",
        "CREATE FUNCTION a () RETURNS INT BEGIN RETURN CASE b WHEN 1 THEN 2 END; END",
        "CREATE EVENT a ON SCHEDULE EVERY 1 DAY DO BEGIN DELETE FROM b; END",
        "SET STATEMENT max_statement_time = 1 FOR CREATE PROCEDURE a () BEGIN SELECT 1; END",
        "ALTER EVENT a DO FOR r IN (SELECT 1) DO SELECT 2; END FOR",
    ] {
        assert_eq!(statements(&format!("{body}; SELECT 1")), [body, "SELECT 1"]);
        assert_eq!(statements(body), [body]);
    }
    assert_eq!(
        statements("BEGIN; DELETE FROM a; COMMIT; SELECT 1"),
        ["BEGIN", "DELETE FROM a", "COMMIT", "SELECT 1"]
    );
    assert_eq!(
        statements("CREATE TABLE trigger_ (`begin` INT); SELECT 1"),
        ["CREATE TABLE trigger_ (`begin` INT)", "SELECT 1"]
    );
}

#[test]
fn each_statement_is_translated() {
    check_texts(&[
        ";; SELECT * FROM §orders;; DELETE FROM §items; ",
        "WITH items AS (SELECT 1) SELECT * FROM items; SELECT * FROM §items",
        "CREATE TRIGGER §a BEFORE INSERT ON §b FOR EACH ROW BEGIN DELETE FROM c; END; SELECT * FROM §c",
        "CREATE PROCEDURE §a () DELETE FROM c; DELETE FROM §c",
    ]);
}

#[test]
fn what_is_not_closed_is_an_error() {
    for sql in [
        "SELECT 'a",
        "CREATE TRIGGER a BEFORE DELETE ON b FOR EACH ROW BEGIN SELECT 1;",
        "CREATE PROCEDURE a () IF 1 THEN SELECT 1;",
    ] {
        assert!(statements_for(Dialect::Mysql, sql).is_err(), "{sql}");
    }
}
