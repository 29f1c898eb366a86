//! Cutting texts into statements.

use diesel_tenants_translate::statements;

fn cut(sql: &str) -> Vec<&str> {
    statements(sql).unwrap().into_iter().map(|range| &sql[range]).collect()
}

#[test]
fn at_semicolons_outside_of_everything() {
    assert_eq!(
        cut("SELECT 1; SELECT 2 ;SELECT 3"),
        ["SELECT 1", "SELECT 2", "SELECT 3"]
    );
    assert_eq!(
        cut("SELECT ';', \";\", $$;$$, $a$;$a$, E'\\';' /* ; */ -- ;\n; TABLE a"),
        ["SELECT ';', \";\", $$;$$, $a$;$a$, E'\\';'", "TABLE a"],
    );
    assert_eq!(
        cut("CREATE RULE r AS ON UPDATE TO a DO (SELECT 1; SELECT 2); SELECT 3"),
        ["CREATE RULE r AS ON UPDATE TO a DO (SELECT 1; SELECT 2)", "SELECT 3"],
    );
}

#[test]
fn not_inside_of_bodies() {
    let function = "CREATE FUNCTION f() BEGIN ATOMIC SELECT CASE WHEN a.end THEN 1 END AS end; SELECT 2; END";
    assert_eq!(cut(&format!("{function}; SELECT 3")), [function, "SELECT 3"]);
    assert_eq!(
        cut("BEGIN; SELECT CASE WHEN a THEN b END; END"),
        ["BEGIN", "SELECT CASE WHEN a THEN b END", "END"]
    );
}

#[test]
fn a_body_ends_where_a_statement_would_begin() {
    for function in [
        "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1 end; SELECT 2; END",
        "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1 case; SELECT 2 atomic, begin atomic FROM a; END",
        "CREATE OR REPLACE PROCEDURE f(begin atomic) BEGIN ATOMIC SELECT CASE 1 WHEN 1 THEN 2 END; END",
        "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC END",
        "CREATE FUNCTION f() BEGIN ATOMIC CREATE FUNCTION g() BEGIN ATOMIC SELECT 1; END; SELECT 2; END",
        "CREATE TABLE a AS SELECT begin atomic FROM b",
        "SELECT begin atomic FROM b",
    ] {
        assert_eq!(cut(&format!("{function}; SELECT 3;")), [function, "SELECT 3"]);
    }
}

#[test]
fn empty_ones_are_left_out() {
    assert_eq!(cut(" ;; -- a\n ; /* b */"), [""; 0]);
    assert_eq!(cut("-- a\nSELECT 1 -- b\n;;"), ["SELECT 1"]);
}

#[test]
fn what_stays_open_is_an_error() {
    for sql in [
        "SELECT (1; 2",
        "SELECT 1)",
        "SELECT 'a",
        "CREATE FUNCTION f() BEGIN ATOMIC SELECT 1;",
    ] {
        assert!(statements(sql).is_err(), "{sql}");
    }
}
