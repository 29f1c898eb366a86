//! What a text leaves on the session.

use super::{check_by_running, check_texts};
use diesel_tenants_translate::{Dialect, HazardKind, SessionEffect, Template};

fn effect(sql: &str) -> SessionEffect {
    Template::analyse_for(Dialect::Mysql, sql)
        .unwrap_or_else(|error| panic!("{sql}\n{error}"))
        .session_effect()
}

#[test]
fn settings_variables_locks_and_temporary_tables_stay() {
    for sql in [
        "SET @a = 1",
        "SET foreign_key_checks = 0",
        "SET SESSION wait_timeout = 5, @a := 2",
        "SET @@session.sql_mode = 'STRICT_ALL_TABLES,NO_ZERO_DATE'",
        "SET sql_mode = ''",
        "SET LOCAL autocommit = ON",
        "SET NAMES utf8mb4 COLLATE utf8mb4_bin",
        "SET CHARACTER SET 'utf8'",
        "SET ROLE a",
        "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED, READ ONLY",
        "SET TRANSACTION READ WRITE",
        "SELECT @a := 1 FROM a",
        "SELECT 1 INTO @a",
        "CREATE TEMPORARY TABLE a (b INT)",
        "LOCK TABLES a READ",
        "SELECT get_lock('a', 1)",
        "GET DIAGNOSTICS CONDITION 1 @a = RETURNED_SQLSTATE",
        "SELECT 1; DO GET_LOCK('a', 1)",
    ] {
        assert!(matches!(effect(sql), SessionEffect::Certain { .. }), "{sql}");
    }
}

#[test]
fn transactions_may_stay_open_and_procedures_do_what_they_like() {
    for sql in [
        "BEGIN",
        "BEGIN WORK",
        "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
        "COMMIT AND CHAIN",
        "ROLLBACK",
        "COMMIT RELEASE",
        "UNLOCK TABLES",
        "CALL a(1)",
    ] {
        assert_eq!(effect(sql), SessionEffect::Possible, "{sql}");
    }
}

#[test]
fn nothing_stays_of_other_statements() {
    for sql in [
        "SELECT @a, @@b FROM a",
        "SELECT RELEASE_LOCK('a'), LAST_INSERT_ID(), FOUND_ROWS()",
        "CREATE TABLE a (b INT)",
        "SAVEPOINT a",
        "ROLLBACK TO a",
        "ROLLBACK WORK TO SAVEPOINT a",
        "RELEASE SAVEPOINT a",
        "SET STATEMENT max_statement_time = 1 FOR SELECT * FROM a",
        "DO SLEEP(1)",
        "SHOW VARIABLES",
        "SELECT id FROM a FOR UPDATE",
    ] {
        assert_eq!(effect(sql), SessionEffect::None, "{sql}");
    }
}

#[test]
fn the_value_of_a_sequence_may_be_another_tenants() {
    for sql in ["SELECT LASTVAL(a)", "SELECT PREVIOUS VALUE FOR a"] {
        let template = Template::analyse_for(Dialect::Mysql, sql).unwrap();
        assert_eq!(template.hazard().unwrap().kind, HazardKind::CurrentValue, "{sql}");
    }
}

#[test]
fn what_the_statement_before_left_may_be_another_tenants() {
    for sql in [
        "SHOW WARNINGS",
        "SHOW COUNT(*) ERRORS",
        "show warnings LIMIT 1, 2",
        "GET DIAGNOSTICS CONDITION 1 @a = MESSAGE_TEXT",
        "SELECT FOUND_ROWS()",
        "INSERT INTO a VALUES (row_count())",
        "SELECT @@warning_count",
        "SELECT 1 FROM a WHERE @@SESSION.`Error_Count` > 0",
    ] {
        let template = Template::analyse_for(Dialect::Mysql, sql).unwrap();
        assert_eq!(template.hazard().unwrap().kind, HazardKind::EarlierStatement, "{sql}");
    }
    for sql in [
        "SHOW VARIABLES LIKE 'warnings'",
        "SELECT warnings, row_count FROM errors",
        "SELECT @@max_error_count, @warning_count, warning_count FROM a",
    ] {
        assert!(
            Template::analyse_for(Dialect::Mysql, sql).unwrap().hazard().is_none(),
            "{sql}"
        );
    }
}

#[test]
fn tables_in_settings_and_locks_get_the_schema() {
    check_by_running(&[
        "SET @a = (SELECT max(id) FROM §items), @b = 1",
        "SET STATEMENT max_statement_time = 1 FOR SELECT * FROM §items",
        "LOCK TABLES §items READ LOCAL, «shared».users AS u LOW_PRIORITY WRITE",
        "LOCK TABLE §orders WRITE WAIT 1",
        "DO (SELECT max(id) FROM §items)",
    ]);
    check_texts(&["SET NAMES utf8mb4, @a = (SELECT max(id) FROM §items)"]);
}
