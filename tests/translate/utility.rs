//! Statements that are no queries.

use super::check;

#[test]
fn tables() {
    check(&[
        "CREATE TABLE §a (x int PRIMARY KEY, y int REFERENCES §b (z) ON DELETE CASCADE, FOREIGN KEY (x, y) REFERENCES «shared».c)",
        "CREATE UNLOGGED TABLE IF NOT EXISTS §a (LIKE §b INCLUDING ALL, \"like\" text, CHECK (x > 0)) INHERITS (§c, «shared».d) WITH (fillfactor = 70)",
        "CREATE TABLE §a PARTITION OF §b (x DEFAULT 1) FOR VALUES FROM (1) TO (2) PARTITION BY LIST (x)",
        "CREATE TABLE §a OF shared.kind (PRIMARY KEY (x))",
        "CREATE TABLE §a (x, y) AS SELECT 1, 2 FROM §b WITH NO DATA",
        "CREATE TABLE §a AS EXECUTE p (1)",
        "CREATE FOREIGN TABLE §a (x int OPTIONS (table 'b')) SERVER s OPTIONS (schema_name 's', table 'c')",
        "ALTER TABLE IF EXISTS ONLY §a ADD COLUMN x int REFERENCES §b, ADD CHECK (x > 0) NO INHERIT, NO INHERIT §c, INHERIT §d, ATTACH PARTITION §e DEFAULT, DETACH PARTITION §f CONCURRENTLY",
        "ALTER TABLE §a RENAME COLUMN x TO b",
        "ALTER TABLE §a RENAME TO b",
        "ALTER TABLE §a SET SCHEMA shared",
        "ALTER TABLE §if ADD EXCLUDE USING gist (x WITH shared.=)",
        "ALTER TABLE ALL IN TABLESPACE x SET TABLESPACE y",
        "DROP TABLE IF EXISTS §a, «shared».b, §\"c\" CASCADE",
        "DROP TABLE §exists",
        "TRUNCATE TABLE ONLY §a, §b * RESTART IDENTITY",
        "LOCK TABLE §a, ONLY §b IN SHARE MODE",
    ]);
}

#[test]
fn temporary_relations_have_no_schema() {
    check(&[
        "CREATE TEMP TABLE a (x int REFERENCES §b)",
        "CREATE LOCAL TEMPORARY TABLE a AS SELECT * FROM §b",
        "CREATE TEMP VIEW a AS SELECT * FROM §b",
        "SELECT 1 INTO TEMPORARY a FROM §b",
    ]);
}

#[test]
fn views_sequences_and_indexes() {
    check(&[
        "CREATE OR REPLACE VIEW §a (x) WITH (security_barrier) AS SELECT 1 FROM §b WITH LOCAL CHECK OPTION",
        "CREATE RECURSIVE VIEW §a (x) AS SELECT 1 UNION ALL SELECT x FROM a, §b",
        "CREATE MATERIALIZED VIEW IF NOT EXISTS §a AS SELECT * FROM f(1) WITH NO DATA",
        "REFRESH MATERIALIZED VIEW CONCURRENTLY §a WITH DATA",
        "ALTER VIEW §a ALTER COLUMN x SET DEFAULT 1",
        "CREATE SEQUENCE §a START 1 OWNED BY §b.x",
        "ALTER SEQUENCE §a OWNED BY «shared».b.x",
        "ALTER SEQUENCE §a OWNED BY NONE",
        "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS a_x ON ONLY §a USING btree (lower(x) DESC) INCLUDE (y) WHERE z",
        "CREATE INDEX ON §a (x)",
        "ALTER INDEX §a_x RENAME TO a_y",
        "DROP INDEX CONCURRENTLY §a_x",
        "REINDEX (VERBOSE) TABLE CONCURRENTLY §a",
        "REINDEX SCHEMA shared",
        "CREATE STATISTICS s (mcv) ON x, (y IS DISTINCT FROM z) FROM §a",
    ]);
}

#[test]
fn triggers_policies_and_rules() {
    check(&[
        "CREATE TRIGGER t BEFORE UPDATE OF x, y ON §a FOR EACH ROW WHEN (OLD.x IS DISTINCT FROM NEW.x) EXECUTE FUNCTION f()",
        "CREATE CONSTRAINT TRIGGER t AFTER INSERT ON §a FROM §b DEFERRABLE FOR EACH ROW EXECUTE FUNCTION f('a')",
        "ALTER TRIGGER t ON §a RENAME TO u",
        "DROP TRIGGER IF EXISTS t ON §a CASCADE",
        "CREATE POLICY p ON §a AS PERMISSIVE FOR SELECT TO public USING (x IN (SELECT x FROM §b)) WITH CHECK (true)",
        "ALTER POLICY p ON §a USING (true)",
        "CREATE RULE r AS ON UPDATE TO §a WHERE old.x = 1 DO INSTEAD (DELETE FROM §b WHERE b.x = old.x; NOTIFY n; INSERT INTO §c VALUES (new.x))",
        "CREATE RULE r AS ON SELECT TO §a DO INSTEAD SELECT * FROM §b",
        "CREATE RULE r AS ON DELETE TO §a DO NOTHING",
    ]);
}

#[test]
fn functions_and_what_runs_inside_of_other_statements() {
    check(&[
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT x FROM a $$",
        "CREATE FUNCTION f(x int DEFAULT 1, y shared.t) RETURNS TABLE (z int) LANGUAGE sql BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END FROM §a; DELETE FROM §b; END; SELECT 1 FROM §c",
        "CREATE FUNCTION f() RETURNS int RETURN (SELECT max(x) FROM §a)",
        "DO $$ BEGIN DELETE FROM a; END $$",
        "EXPLAIN ANALYZE VERBOSE DELETE FROM §a",
        "EXPLAIN (COSTS OFF) (SELECT 1 FROM §a)",
        "EXPLAIN (SELECT 1 FROM §a)",
        "PREPARE p (int) AS SELECT 1 FROM §a",
        "PREPARE transaction AS SELECT 1 FROM §a",
        "PREPARE Transaction (int) AS DELETE FROM §a",
        "PREPARE TRANSACTION 'a'",
        "EXECUTE p ((SELECT 1 FROM §a))",
        "DECLARE c CURSOR WITH HOLD FOR SELECT 1 FROM §a FOR UPDATE OF a",
        "COPY §a (x) FROM STDIN WITH (FORMAT csv, HEADER)",
        "COPY (DELETE FROM §a RETURNING *) TO STDOUT",
    ]);
}

#[test]
fn privileges_comments_and_maintenance() {
    check(&[
        "GRANT SELECT (x, y), UPDATE ON §a, «shared».b TO r WITH GRANT OPTION",
        "GRANT USAGE ON SEQUENCE §s TO r",
        "GRANT SELECT ON TABLE §a TO r",
        "GRANT SELECT ON §schema TO r",
        "GRANT USAGE ON SCHEMA shared TO r",
        "GRANT ALL ON ALL TABLES IN SCHEMA shared TO r",
        "GRANT r TO s",
        "REVOKE GRANT OPTION FOR ALL ON §a FROM r",
        "COMMENT ON TABLE §a IS 'FROM b'",
        "COMMENT ON COLUMN «shared».a.x IS NULL",
        "COMMENT ON CONSTRAINT c ON §a IS 'x'",
        "COMMENT ON CONSTRAINT c ON DOMAIN d IS 'x'",
        "COMMENT ON FUNCTION shared.f(int) IS 'x'",
        "VACUUM (FULL) §a (x), §b",
        "VACUUM FULL VERBOSE ANALYZE",
        "ANALYZE §a (x), §b",
        "CLUSTER §a USING i",
        "CREATE PUBLICATION p FOR TABLE §a (x) WHERE (y > 1), §b, TABLES IN SCHEMA shared, public",
        "ALTER PUBLICATION p ADD TABLE §a, §tables, TABLES IN SCHEMA tables, shared",
        "CREATE PUBLICATION p FOR ALL TABLES WITH (publish = 'insert')",
        "SET CONSTRAINTS §c DEFERRED",
    ]);
}

#[test]
fn statements_without_relations() {
    check(&[
        "SET search_path TO shared",
        "SHOW shared.x",
        "BEGIN ISOLATION LEVEL SERIALIZABLE",
        "SAVEPOINT a",
        "LISTEN a",
        "NOTIFY a, 'b'",
        "CREATE SCHEMA a CREATE TABLE b (x int) GRANT SELECT ON b TO c",
        "CREATE TYPE a AS ENUM ('b', 'c')",
        "ALTER TYPE a ADD VALUE 'd'",
        "DROP TYPE a, b",
        "CREATE EXTENSION IF NOT EXISTS x WITH SCHEMA y",
        "SECURITY LABEL ON TABLE a IS 'x'",
    ]);
}

#[test]
fn fragments_of_expressions() {
    check(&[
        r#""a"."x" = ANY($1)"#,
        "now()",
        "x = 1 AND a.y IS DISTINCT FROM $1",
        "NOT EXISTS (SELECT 1 FROM §a)",
        "$1",
    ]);
}
