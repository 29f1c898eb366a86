//! Texts of several statements.

use diesel_tenants_translate::{Dialect, statements_for};

fn statements(sql: &str) -> Vec<&str> {
    let ranges = statements_for(Dialect::Sqlite, sql).unwrap();
    ranges.into_iter().map(|range| &sql[range]).collect()
}

#[test]
fn semicolons_end_statements_but_not_in_strings_names_and_comments() {
    assert_eq!(
        statements(" ; SELECT ';', [;], `;`, \";\" /* ; */ -- ;\n; ;SELECT 2"),
        ["SELECT ';', [;], `;`, \";\"", "SELECT 2"]
    );
    assert!(statements("").is_empty() && statements(" -- a\n;;").is_empty());
}

#[test]
fn a_trigger_ends_with_its_body() {
    const TRIGGER: &str = "CREATE TEMP TRIGGER a DELETE ON b BEGIN SELECT CASE WHEN 1 THEN 2 END; DELETE FROM c; END";
    assert_eq!(statements(&format!("{TRIGGER}; SELECT 1")), [TRIGGER, "SELECT 1"]);
    assert_eq!(statements(TRIGGER), [TRIGGER]);
    assert_eq!(
        statements(&format!("EXPLAIN {TRIGGER} ;")),
        [format!("EXPLAIN {TRIGGER}")]
    );
    assert_eq!(
        statements("BEGIN; DELETE FROM a; END; SELECT 1"),
        ["BEGIN", "DELETE FROM a", "END", "SELECT 1"]
    );
}

#[test]
fn what_is_not_closed_is_an_error() {
    for sql in ["SELECT 'a", "CREATE TRIGGER a DELETE ON b BEGIN SELECT 1;"] {
        assert!(statements_for(Dialect::Sqlite, sql).is_err(), "{sql}");
    }
}
