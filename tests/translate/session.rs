//! Which texts leave something on the session.

use diesel_tenants::translate::Template;

fn affects(sql: &str) -> bool {
    Template::analyse(sql).unwrap().affects_session()
}

#[test]
fn statements_that_outlive_the_transaction_or_tamper_with_it() {
    for sql in [
        "SET search_path TO x",
        "SET SESSION x = 1",
        "SET TIME ZONE 'UTC'",
        "SET ROLE x",
        "SET SESSION AUTHORIZATION x",
        "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
        "RESET ALL",
        "BEGIN",
        "START TRANSACTION",
        "COMMIT",
        "END",
        "ROLLBACK",
        "ROLLBACK TO a",
        "ABORT",
        "SAVEPOINT a",
        "RELEASE a",
        "PREPARE TRANSACTION 'x'",
        "PREPARE p AS SELECT 1",
        "PREPARE transaction AS SELECT 1",
        "EXECUTE p",
        "DEALLOCATE p",
        "LISTEN a",
        "UNLISTEN *",
        "DECLARE c CURSOR FOR SELECT 1",
        "DISCARD ALL",
        "LOAD 'x'",
        "DO $$ $$",
        "CALL p()",
        "CREATE TEMP TABLE a (x int)",
        "CREATE TEMPORARY VIEW a AS SELECT 1",
        "CREATE TEMP SEQUENCE a",
        "CREATE TABLE pg_temp.a (x int)",
        "CREATE FUNCTION pg_temp.f() RETURNS int RETURN 1",
        "SELECT 1 INTO TEMP a",
        "SELECT 1; SET x = 1",
        "EXPLAIN ANALYZE CREATE TEMP TABLE a AS SELECT 1",
    ] {
        assert!(affects(sql), "{sql}");
    }
}

#[test]
fn calls_that_do_wherever_they_stand() {
    for sql in [
        "SELECT set_config('search_path', 'x', false)",
        "SELECT pg_catalog.SET_CONFIG('a', 'b', true) FROM a",
        r#"SELECT 1 FROM a WHERE "pg_advisory_lock"(1) IS NULL"#,
        "SELECT * FROM pg_try_advisory_lock_shared(1) x",
        "WITH a AS (SELECT setseed(0.5)) DELETE FROM b",
        "SELECT dblink_connect('x')",
        "INSERT INTO a VALUES ((SELECT pg_try_advisory_lock(1)))",
    ] {
        assert!(affects(sql), "{sql}");
    }
}

#[test]
fn everything_else_leaves_it_as_it_was() {
    for sql in [
        "SELECT 1 FROM a",
        "SELECT set_config FROM a",
        "SELECT 'set_config(1)', pg_advisory_xact_lock(1), x.setseed FROM a",
        "INSERT INTO a VALUES (1)",
        "SET LOCAL search_path TO x",
        "SET TRANSACTION READ ONLY",
        "SET CONSTRAINTS ALL DEFERRED",
        "CREATE TABLE a (x int)",
        "CREATE FUNCTION f() RETURNS int SET search_path = x AS $$ $$ LANGUAGE sql",
        "NOTIFY a",
        "SHOW x",
        "EXPLAIN SELECT 1",
        "",
    ] {
        assert!(!affects(sql), "{sql}");
    }
}
