//! Which texts leave something on the session.

use diesel_tenants_translate::{HazardKind, SessionEffect, Template};

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
        "CREATE COLLATION IF NOT EXISTS pg_temp.c (locale = 'C')",
        "CREATE COLLATION pg_temp.c FROM \"C\"",
        "CREATE TEXT SEARCH CONFIGURATION pg_temp.x (COPY = simple)",
        "CREATE OPERATOR CLASS pg_temp.o FOR TYPE int USING btree AS OPERATOR 1 <",
        "CREATE TYPE store.pg_temp.e AS ENUM ('a')",
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
        "SELECT (77::bigint).pg_advisory_lock",
        "SELECT (0.5::float8).setseed FROM a",
        "SELECT (a.b).c.setseed FROM a",
        "SELECT x[1].pg_advisory_lock FROM a",
        "SELECT $1.pg_advisory_lock",
        "SELECT x.pg_advisory_lock FROM generate_series(1, 2) x",
        "UPDATE a SET b = (1::bigint).pg_advisory_lock IS NULL",
    ] {
        assert!(affects(sql), "{sql}");
    }
}

#[test]
fn each_function_that_does() {
    for function in [
        "dblink_connect",
        "dblink_connect_u",
        "pg_advisory_lock",
        "pg_advisory_lock_shared",
        "pg_backup_start",
        "pg_copy_logical_replication_slot",
        "pg_copy_physical_replication_slot",
        "pg_create_logical_replication_slot",
        "pg_create_physical_replication_slot",
        "pg_replication_origin_session_reset",
        "pg_replication_origin_session_setup",
        "pg_start_backup",
        "pg_try_advisory_lock",
        "pg_try_advisory_lock_shared",
        "query_to_xml",
        "query_to_xml_and_xmlschema",
        "query_to_xmlschema",
        "set_config",
        "set_limit",
        "setseed",
        "ts_rewrite",
        "ts_stat",
    ] {
        assert!(affects(&format!("SELECT {function}(a) FROM b")), "{function}");
        assert!(affects(&format!("SELECT * FROM {function}(1)")), "{function}");
    }
}

#[test]
fn everything_else_leaves_it_as_it_was() {
    for sql in [
        "SELECT 1 FROM a",
        "SELECT set_config FROM a",
        "SELECT 'set_config(1)', pg_advisory_xact_lock(1), setseed, (a).b FROM a",
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

#[test]
fn a_setting_whose_class_is_called_like_a_word_of_set_is_a_setting() {
    for sql in [
        "SET local.tenant = 'x'",
        "SET local . tenant TO 'x'",
        "SET LOCAL/* of mine */./* own */x = 1",
        "SET transaction.x = 1",
        "SET transaction\n.x = 1",
        "SET constraints.x = 1",
        "SET constraints -- so\n . x = 1",
        "SET session.x = 1",
        "SET SESSION session.x = 1",
        "SET \"local\".x = 1",
        "RESET local.x",
        "RESET transaction.x",
    ] {
        assert!(affects(sql), "{sql}");
    }
    for sql in [
        "SET LOCAL local.x = 1",
        "SET LOCAL transaction . x = 1",
        "SET LOCAL session.x = 1",
        "SET CONSTRAINTS a.x DEFERRED",
        "SET CONSTRAINTS ALL IMMEDIATE",
    ] {
        assert!(!affects(sql), "{sql}");
    }
}

/// What a marked case says: the text, and where its mark stands.
fn at(case: &str) -> (String, usize) {
    (case.replacen('|', "", 1), case.find('|').unwrap())
}

#[test]
fn what_certainly_stays_on_the_session_is_told_from_what_may() {
    for case in [
        "|SET x = 1",
        "SELECT 1; |RESET x",
        "|DISCARD ALL",
        "|PREPARE p AS SELECT 1",
        "|DEALLOCATE p",
        "|DECLARE c CURSOR WITH HOLD FOR SELECT 1",
        "|DECLARE hold SCROLL CURSOR WITH HOLD FOR SELECT 1",
        "|LISTEN a",
        "|UNLISTEN a",
        "|LOAD 'x'",
        "CREATE TEMP TABLE |a (x int)",
        "CREATE TEMP TABLE |a (x int) ON COMMIT DELETE ROWS",
        "CREATE TABLE pg_temp.|a AS SELECT 1",
        "SELECT 1 INTO TEMP |a",
        "SELECT 1 INTO pg_temp.|a",
        "|CREATE FUNCTION pg_temp.f() RETURNS int RETURN 1",
        "UPDATE |pg_settings SET setting = 1",
        "SELECT |pg_advisory_lock(1), set_config('a', 'b', false)",
        "SELECT |set_config('a', (SELECT 'true'), false)",
        "SELECT |set_config('a', 'b', $1)",
        "SELECT |set_config('a', 'b', $1 = true)",
        "SELECT |set_config('a', 'b', NOT true)",
        "SELECT |set_config('a', 'b', (true))",
        "DO ''; SELECT |setseed(1)",
    ] {
        let (sql, offset) = at(case);
        let effect = Template::analyse(&sql).unwrap().session_effect();
        assert_eq!(effect, SessionEffect::Certain { offset }, "{sql}");
    }
    for sql in [
        "BEGIN",
        "COMMIT",
        "PREPARE TRANSACTION 'x'",
        "DO $$ BEGIN SET x = 1; END $$",
        "CALL p()",
        "EXECUTE p",
        "DECLARE c CURSOR FOR SELECT 1",
        "DECLARE c CURSOR WITHOUT HOLD FOR SELECT 1",
        "CREATE TEMP TABLE a (x int) ON COMMIT DROP",
        "CREATE TEMP TABLE a (x int DEFAULT 1) WITH (fillfactor = 10) on commit drop AS SELECT 1",
        "INSERT INTO pg_temp.a VALUES (1)",
        "SELECT set_config('a', 'b', TRUE)",
        "SELECT set_config('a', (SELECT x FROM b), is_local => true)",
        "SELECT query_to_xml('x', true, true, '')",
        // Nearly always a column.
        "SELECT x.set_limit FROM a x",
    ] {
        let effect = Template::analyse(sql).unwrap().session_effect();
        assert_eq!(effect, SessionEffect::Possible, "{sql}");
    }
}

#[test]
fn what_a_text_takes_from_a_session_is_found() {
    use HazardKind::{CopyFromStdin, CurrentValue, LastValue};
    for (case, kind) in [
        ("SELECT |lastval()", LastValue),
        ("SELECT pg_catalog.|LASTVAL ()", LastValue),
        ("SELECT currval('s'), |\"lastval\"()", LastValue),
        ("INSERT INTO a VALUES (|lastval())", LastValue),
        ("SELECT |currval('s')", CurrentValue),
        ("SELECT ('s'::regclass).|currval", CurrentValue),
        ("|COPY a FROM STDIN", CopyFromStdin),
        (
            "SELECT 1; |COPY BINARY s.a (x, y) FROM stdin WITH (FORMAT csv)",
            CopyFromStdin,
        ),
        ("|COPY a FROM STDOUT", CopyFromStdin),
    ] {
        let (sql, offset) = at(case);
        let hazard = Template::analyse(&sql).unwrap().hazard().unwrap();
        assert_eq!((hazard.kind, hazard.offset), (kind, offset), "{sql}");
        assert!(!affects(&sql), "{sql}");
    }
    for sql in [
        "SELECT lastval, x.currval, x.lastval, (x).lastval FROM a",
        "COPY a FROM 'file'",
        "COPY a FROM PROGRAM 'x'",
        "COPY a TO STDOUT",
        "COPY (SELECT 1 FROM stdin) TO STDOUT",
    ] {
        assert_eq!(Template::analyse(sql).unwrap().hazard(), None, "{sql}");
    }
}

#[test]
fn a_new_object_without_a_schema_is_found_where_its_name_stands() {
    for case in [
        "CREATE FUNCTION |f() RETURNS int RETURN 1",
        "CREATE OR REPLACE FUNCTION |\"f\"(a int DEFAULT 1) RETURNS int LANGUAGE sql AS ''",
        "CREATE PROCEDURE |p() LANGUAGE sql AS ''",
        "CREATE OR REPLACE AGGREGATE |a(int) (SFUNC = f, STYPE = int)",
        "CREATE TYPE |e AS ENUM ('a')",
        "CREATE TYPE |t",
        "CREATE DOMAIN |d AS int",
        "CREATE OPERATOR |=== (LEFTARG = int)",
        "CREATE OPERATOR |* (LEFTARG = int)",
        "CREATE OPERATOR CLASS |c FOR TYPE int USING btree AS OPERATOR 1 <",
        "CREATE OPERATOR FAMILY |f USING btree",
        "CREATE COLLATION IF NOT EXISTS |c FROM \"C\"",
        "CREATE CONVERSION |c FOR 'UTF8' TO 'LATIN1' FROM f",
        "CREATE DEFAULT CONVERSION |c FOR 'UTF8' TO 'LATIN1' FROM f",
        "CREATE TEXT SEARCH CONFIGURATION |c (COPY = simple)",
        "CREATE TEXT SEARCH DICTIONARY |d (TEMPLATE = simple)",
        "CREATE TEXT SEARCH PARSER |p (START = f)",
        "CREATE TEXT SEARCH TEMPLATE |t (LEXIZE = f)",
        "CREATE STATISTICS IF NOT EXISTS |s ON a, b FROM c",
        "SELECT 1; CREATE FUNCTION |if() RETURNS int RETURN 1; CREATE TYPE t",
    ] {
        let (sql, offset) = at(case);
        let hazard = Template::analyse(&sql).unwrap().hazard().unwrap();
        assert_eq!((hazard.kind, hazard.offset), (HazardKind::NoSchema, offset), "{sql}");
        assert!(!affects(&sql), "{sql}");
    }
    for sql in [
        "CREATE FUNCTION client1.f() RETURNS int RETURN 1",
        "CREATE TYPE client1.e AS ENUM ('a')",
        "CREATE OPERATOR client1.=== (LEFTARG = int)",
        "CREATE OPERATOR class.=== (LEFTARG = int)",
        "CREATE STATISTICS ON a, b FROM c",
        "CREATE STATISTICS client1.s ON a, b FROM c",
        "CREATE CAST (a AS b) WITHOUT FUNCTION",
        "CREATE TABLE a (x int)",
        "CREATE SEQUENCE a",
        "CREATE VIEW a AS SELECT 1",
        "CREATE INDEX a ON b (c)",
        "CREATE TRIGGER a BEFORE INSERT ON b EXECUTE FUNCTION f()",
        "CREATE EXTENSION citext",
        "DROP FUNCTION f()",
        "ALTER TYPE e ADD VALUE 'x'",
    ] {
        assert_eq!(Template::analyse(sql).unwrap().hazard(), None, "{sql}");
    }
}
