//! Queries: operands, set operations, subqueries, and words that are not what they seem.

use super::check;

#[test]
fn relations_are_translated_wherever_a_query_names_them() {
    check(&[
        "SELECT * FROM §invoices",
        "SELECT * FROM §invoices, §lines, «shared».rates",
        "TABLE §invoices",
        "TABLE ONLY §invoices",
        "SELECT * FROM ONLY §invoices",
        "SELECT * FROM ONLY (§invoices)",
        "SELECT * FROM §invoices * i",
        "SELECT no INTO §copies FROM §invoices",
        "SELECT no INTO UNLOGGED TABLE §copies FROM §invoices",
        "SELECT 1 INTO §temp FROM §invoices",
        "SELECT 1 INTO TEMP unlogged FROM §invoices",
        "SELECT * FROM db.«shared».rates",
        "VALUES ((SELECT max(no) FROM §invoices)), (2)",
        "SELECT 1",
        "",
        " -- nothing\n",
    ]);
}

#[test]
fn schemas_without_a_key_and_identities_stay_as_written() {
    check(&[
        "SELECT PUBLIC.users.id FROM Public.users, §lines",
        "SELECT archive.invoices.no FROM archive.invoices",
        r#"SELECT * FROM "Shared".rates, «SHARED».rates, «"shared"».rates"#,
    ]);
}

#[test]
fn every_operand_of_a_set_operation_has_its_own_from() {
    check(&[
        "SELECT a FROM §x UNION ALL SELECT b FROM §y EXCEPT DISTINCT TABLE §z ORDER BY 1",
        "(SELECT a FROM §x LIMIT 1) INTERSECT (((SELECT b FROM §y)))",
        "SELECT ((SELECT a FROM §x) UNION SELECT b FROM §y)",
        "SELECT EXISTS ((SELECT a FROM §x) EXCEPT (SELECT b FROM §y LIMIT 2))",
        "SELECT * FROM ((SELECT a FROM §x) UNION (SELECT b FROM §y) ORDER BY 1) either",
    ]);
}

#[test]
fn subqueries_are_found_in_every_kind_of_expression() {
    check(&[
        "SELECT (SELECT 1 FROM §a), ARRAY(SELECT 2 FROM §b), x IN (SELECT 3 FROM §c) FROM §d",
        "SELECT a = ANY (SELECT 1 FROM §b), a > ALL(VALUES ((SELECT 2 FROM §c))) FROM §d",
        "SELECT CASE WHEN EXISTS (SELECT FROM §a) THEN 1 ELSE (SELECT 2 FROM §b) END FROM §c",
        "SELECT sum(x) FILTER (WHERE x > (SELECT 1 FROM §a)) OVER (ORDER BY (SELECT 2 FROM §b)) FROM §c",
        "SELECT ARRAY[(SELECT 1 FROM §a)], row(1, (TABLE §b)), f((WITH c AS (SELECT 1) SELECT * FROM c, §d))",
        "SELECT 1 FROM §a GROUP BY (SELECT 1 FROM §b) HAVING (SELECT true FROM §c) ORDER BY (SELECT 2 FROM §d) LIMIT (SELECT 3 FROM §e)",
    ]);
}

#[test]
fn functions_and_operators_have_a_from_of_their_own() {
    check(&[
        "SELECT extract(year FROM due), trim(both FROM title), substring(title FROM 2 FOR 3) FROM §invoices",
        "SELECT overlay(title PLACING 'x' FROM 2), position('a' IN title) FROM §invoices",
        "SELECT paid IS DISTINCT FROM due, paid IS NOT DISTINCT FROM invoices FROM §invoices",
        "SELECT extract(day FROM (SELECT max(due) FROM §invoices))",
        "SELECT collation for (title), percentile_cont(1) WITHIN GROUP (ORDER BY due) FROM §invoices",
    ]);
}

#[test]
fn labels_and_types_are_neither_tables_nor_clauses() {
    check(&[
        "SELECT 1 AS from, 2 AS select, 3 AS union FROM §a",
        "SELECT 1 select, 2 case, 3 end FROM §a",
        "SELECT a.from, a.select FROM §a",
        "SELECT CAST(x AS public.shade), x::public.shade[], NULL::a, shared.shade 'red' FROM §a",
        "SELECT x COLLATE shared.german, a OPERATOR(shared.+) b, timestamp with time zone 'now' FROM §a",
        "SELECT shared.shade(x), db.shared.shade(x) FROM §a",
        r#"SELECT values.x, set.y, "order".z FROM §values, §set, §"order""#,
    ]);
}

#[test]
fn reserved_words_are_labels_too() {
    check(&[
        "SELECT id table FROM §a",
        "SELECT x table, y join, z case INTO §b FROM §a",
        "SELECT id join FROM §a JOIN §b ON true",
        "SELECT id case WHERE true",
        "SELECT id select ORDER BY 1",
        "SELECT 1 case GROUP BY x HAVING true",
        "SELECT 1 select HAVING true WINDOW w AS ()",
        "SELECT 1 case WINDOW w AS ()",
        "SELECT 1 select UNION SELECT 2 case EXCEPT SELECT 3 table INTERSECT TABLE §a",
        "SELECT 1 case LIMIT (SELECT 1 FROM §a)",
        "SELECT 1 select OFFSET 1",
        "SELECT 1 case FETCH FIRST ROW ONLY",
        "SELECT 1 select FOR UPDATE",
        "INSERT INTO §a SELECT 1 case ON CONFLICT DO NOTHING RETURNING id using",
        "INSERT INTO §a SELECT 1 select RETURNING id join, id table",
        "DELETE FROM §a RETURNING id using",
        "UPDATE §a SET x = 1 FROM §b RETURNING id join, x using",
        "CREATE TABLE §a AS SELECT 1 case WITH NO DATA",
    ]);
}

#[test]
fn functions_called_like_words_of_joins_join_nothing() {
    check(&[
        "SELECT join(1), 2 + join(2), join((SELECT 1 FROM §b)) FROM §a WHERE join(3) AND join(4)",
        "SELECT 1 FROM §a JOIN §b ON cross(1) JOIN §c ON natural(2) JOIN §d ON join(3) AND join(4) OR x = join(5)",
        "SELECT 1 FROM §a JOIN §b ON x JOIN (§c JOIN §d ON y) ON z JOIN (SELECT 1 FROM §e) f ON NOT join(1) JOIN (§g CROSS JOIN §h) ON true",
        "SELECT 1 FROM §a JOIN §b ON x = 1 JOIN (§c JOIN §d ON y > 2) ON NULL JOIN (§e CROSS JOIN §f) ON $1 JOIN (§g CROSS JOIN §h) ON true",
        "DELETE FROM §a WHERE join(1) RETURNING join(2)",
    ]);
}

#[test]
fn a_json_array_has_a_query_and_what_follows_it() {
    check(&[
        "SELECT JSON_ARRAY(SELECT id FROM §orders RETURNING jsonb)",
        "SELECT JSON_ARRAY(SELECT id FROM §orders o FORMAT JSON) FROM §b",
        "SELECT JSON_ARRAY(SELECT id FROM §orders FORMAT JSON ENCODING UTF8 RETURNING shared.t), §a.x FROM §a, public.a",
        "SELECT JSON_ARRAY(SELECT id FROM §orders WHERE x ORDER BY id LIMIT 1 FORMAT JSON RETURNING json FORMAT JSON)",
        "SELECT JSON_ARRAY(WITH c AS (SELECT 1) SELECT * FROM c, §d JOIN §e USING (x) FORMAT JSON RETURNING text), (TABLE §c)",
        "SELECT JSON_ARRAY(TABLE §a FORMAT JSON), JSON_ARRAY((SELECT 1 FROM §b) UNION SELECT 2 FROM f(1) RETURNING jsonb)",
        "SELECT JSON_ARRAY(VALUES ((SELECT 1 FROM §a)) RETURNING jsonb), JSON_ARRAY((SELECT 1 FROM §b), 2 NULL ON NULL RETURNING jsonb)",
        "SELECT * FROM §a format, §b AS format, §format",
    ]);
}

#[test]
fn locking_clauses_name_items_in_scope() {
    check(&[
        "SELECT * FROM §a, §b FOR UPDATE OF a, b NOWAIT FOR SHARE OF b SKIP LOCKED",
        "SELECT * FROM (SELECT * FROM §a FOR NO KEY UPDATE OF a) x",
    ]);
}

#[test]
fn system_catalogs_stay_by_their_names() {
    check(&[
        "SELECT * FROM pg_class, PG_TABLES t, §pg_orders, §pg",
        r#"SELECT * FROM "pg_class", §"PG_CLASS", U&"p\0067_class""#,
        "SELECT pg_catalog.pg_class.oid FROM pg_catalog.pg_class",
    ]);
}

#[test]
fn names_in_strings_are_out_of_reach() {
    check(&["SELECT nextval('invoices_no_seq'), 'invoices'::regclass, to_regclass('lines') FROM §invoices"]);
}

#[test]
fn a_parenthesis_behind_by_is_no_call() {
    check(&[
        "SELECT 1 FROM §t ORDER BY ((SELECT 1 FROM §u) UNION SELECT 2 EXCEPT SELECT x FROM §v)",
        "SELECT 1 FROM §t GROUP BY ((SELECT 1) UNION SELECT x FROM §u)",
        "SELECT rank() OVER (PARTITION BY ((SELECT 1) UNION TABLE §u)) FROM §t",
        "SELECT 1 FROM §t GROUP BY (a, t.b)",
    ]);
}

#[test]
fn a_query_in_parens_goes_on_behind_a_word_that_calls_no_function() {
    check(&[
        "SELECT 1 FROM §orders WHERE a BETWEEN ((SELECT 1) UNION TABLE §limits) AND 3",
        "SELECT 1 FROM §orders WHERE a NOT BETWEEN SYMMETRIC ((SELECT 1) UNION TABLE «shared».limits) AND 3",
        "SELECT 1 FROM §orders WHERE a BETWEEN ((SELECT 1) EXCEPT SELECT x FROM §limits) AND 3",
        "SELECT x AT TIME ZONE ((SELECT 'UTC') UNION TABLE §zones) FROM §t",
        "SELECT 1 FROM §t WHERE x LIKE 'a' ESCAPE ((SELECT '!') INTERSECT ALL TABLE §u)",
        "SELECT 1 FROM §t FETCH FIRST ((SELECT 1) UNION TABLE §u) ROWS ONLY",
        "SELECT 1 FROM §t OFFSET 1 FETCH NEXT ((SELECT 1) UNION TABLE §u) ROWS ONLY",
        "SELECT xmlexists('/a' PASSING ((SELECT x) UNION TABLE §u)), xmlexists('/a' PASSING BY REF ((SELECT x) UNION TABLE §u)) FROM §t",
        "SELECT xmlexists('/a' PASSING BY VALUE ((SELECT x) UNION TABLE §u)) FROM §t",
        "SELECT * FROM XMLTABLE('/r' PASSING x COLUMNS a int PATH ((SELECT '.') UNION TABLE §u))",
        "SELECT xmlroot(x, VERSION ((SELECT '1') UNION TABLE §u)) FROM §t",
        "SELECT xmlparse(CONTENT ((SELECT '1') UNION TABLE §u)), xmlserialize(DOCUMENT ((SELECT x) UNION TABLE §u) AS text)",
        "SELECT JSON_OBJECT('a' VALUE ((SELECT 1) UNION TABLE §u)), JSON_ARRAY((SELECT 1) UNION TABLE §u)",
        "SELECT sum(x) OVER (ROWS ((SELECT 1) UNION TABLE §u) PRECEDING), sum(x) OVER (ORDER BY y RANGE ((SELECT 1) UNION TABLE §u) PRECEDING) FROM §t",
        "SELECT sum(x) OVER (GROUPS BETWEEN ((SELECT 1) UNION TABLE §u) PRECEDING AND ((SELECT 1) UNION TABLE §v) FOLLOWING) FROM §t",
        "CREATE FUNCTION f() RETURNS int RETURN ((SELECT 1) UNION TABLE §u)",
        "CREATE POLICY p ON §a USING (x BETWEEN ((SELECT 1) UNION TABLE §u) AND 3)",
    ]);
}

#[test]
fn such_a_query_keeps_its_names_to_its_end() {
    check(&[
        "SELECT 1 FROM §t WHERE a BETWEEN ((WITH c AS (SELECT 1 a) SELECT a FROM c) ORDER BY (SELECT 1 FROM c) LIMIT 1) AND 3",
        "SELECT 1 FROM §t WHERE a BETWEEN ((SELECT §users.id FROM §users, public.users) ORDER BY §users.id LIMIT 1) AND 3",
        "SELECT ((WITH c AS (SELECT 1 a) SELECT a FROM c) ORDER BY (SELECT 1 FROM c)), (SELECT 1 FROM §c)",
        "SELECT ((((WITH c AS (SELECT 1 a) SELECT a FROM c))) UNION TABLE §c), ((WITH c AS (SELECT 1 a) SELECT a FROM c) + (TABLE §c))",
        "SELECT (((WITH c AS (SELECT 1 a) SELECT a FROM c)) LIMIT (TABLE c)), (((WITH c AS (TABLE §c) TABLE c))), (TABLE §c)",
        "SELECT (((WITH c AS (SELECT 1 a) SELECT a FROM c) ORDER BY 1) LIMIT (TABLE c)), (TABLE §c)",
        "SELECT * FROM (((WITH c AS (SELECT 1 a) SELECT a FROM c) ORDER BY 1) LIMIT (TABLE c)) x, §c",
        "SELECT * FROM ((WITH c AS (SELECT 1 a) SELECT a FROM c) ORDER BY (SELECT 1 FROM c)) x, ((WITH c AS (TABLE §d) TABLE c)) y, §c",
        "SELECT * FROM ((WITH c AS (SELECT 1 a) SELECT a FROM c) x JOIN §c ON f((WITH c AS (TABLE §c) TABLE c), (TABLE §c)))",
        "SELECT JSON_ARRAY((SELECT §users.id FROM §users, public.users) ORDER BY §users.id)",
        "SELECT array_agg((SELECT u.id FROM §u) ORDER BY §t.id), substring((SELECT a FROM §u) FROM 1 FOR 2) FROM §t, public.t",
    ]);
}

#[test]
fn a_bare_label_takes_no_word_behind_it() {
    check(&[
        "SELECT id collate FROM §orders",
        "SELECT id collate FROM «shared».orders",
        "SELECT id collate INTO §newtab FROM §orders",
        "INSERT INTO §a SELECT id collate FROM §items",
        r#"SELECT id COLLATE "C" collate, x COLLATE shared.german FROM §a ORDER BY x COLLATE values"#,
    ]);
}
