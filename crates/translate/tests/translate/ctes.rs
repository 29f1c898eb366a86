//! WITH: a name that a CTE in scope declares is not a relation.

use super::check;

#[test]
fn a_cte_hides_the_table_of_its_name() {
    check(&[
        "WITH a AS (SELECT 1) SELECT * FROM a, §b",
        "WITH a AS (SELECT 1) SELECT * FROM A, §\"A\", client1.a",
        r#"WITH "A" AS (SELECT 1) SELECT * FROM §a, "A""#,
        "WITH a(x, y) AS MATERIALIZED (VALUES (1, 2)), b AS NOT MATERIALIZED (TABLE a) SELECT * FROM (SELECT * FROM b) s",
        "WITH recursive AS (SELECT 1) SELECT * FROM recursive",
    ]);
}

#[test]
fn without_recursive_a_body_sees_the_tables_and_the_names_before_it() {
    check(&[
        "WITH a AS (SELECT * FROM §a) SELECT * FROM a",
        "WITH a AS (SELECT * FROM §b), b AS (SELECT * FROM a), c AS (SELECT * FROM b) SELECT * FROM c, §d",
    ]);
}

#[test]
fn recursive_makes_all_names_visible_everywhere() {
    check(&[
        "WITH RECURSIVE a AS (SELECT 1 UNION ALL SELECT x + 1 FROM a) SELECT * FROM a",
        "WITH RECURSIVE a AS (SELECT * FROM b), b AS (SELECT * FROM a, §c) SELECT * FROM a, b",
        "WITH RECURSIVE a AS (WITH b AS (SELECT * FROM b, §d) SELECT * FROM b, c), b AS (SELECT 1), c AS (SELECT 2) SELECT * FROM §d",
        "WITH RECURSIVE a AS (SELECT * FROM (WITH RECURSIVE x AS (SELECT * FROM y, z), y AS (SELECT 1) TABLE x) s), z AS (SELECT 1) TABLE §y",
        "WITH RECURSIVE t(id) AS (SELECT 1 FROM §u) SEARCH DEPTH FIRST BY id, x SET o CYCLE id SET c TO 1 DEFAULT 0 USING p, v AS (TABLE t) TABLE v",
        "WITH RECURSIVE t(n, set) AS (SELECT 1 FROM §u) SEARCH BREADTH FIRST BY set, set SET set CYCLE set, n SET c TO numeric(3) '1' DEFAULT numeric(3) '2' USING p, v AS (TABLE t) SELECT * FROM v, §p",
    ]);
}

#[test]
fn names_end_with_the_query_that_declares_them() {
    check(&[
        "SELECT 1 UNION (WITH a AS (SELECT 1) SELECT * FROM a) ORDER BY 1 IN (SELECT x FROM §a)",
        "(WITH a AS (SELECT 1) SELECT * FROM a) EXCEPT (WITH b AS (SELECT 1) TABLE b) LIMIT (SELECT count(*) FROM §a, §b)",
        "WITH c AS (SELECT 1) SELECT 1 UNION (WITH a AS (SELECT 1) TABLE a) ORDER BY (SELECT x FROM §a, c)",
        "(WITH a AS (SELECT 1) SELECT * FROM a) UNION SELECT * FROM §a",
        "WITH a AS (WITH b AS (SELECT 1) SELECT * FROM b) SELECT * FROM a, §b",
        "SELECT (WITH a AS (SELECT 1) SELECT * FROM a), 2 FROM §a",
        "WITH a AS (SELECT 1) SELECT * FROM a; SELECT * FROM §a",
        "WITH a AS (SELECT 1) SELECT (WITH a AS (SELECT 2 FROM a) SELECT * FROM a) FROM a",
        "(WITH a AS (SELECT 1) SELECT * FROM a) ORDER BY (SELECT 1 FROM a)",
    ]);
}

#[test]
fn data_modifying_statements_can_be_ctes_and_their_targets_never_are_one() {
    check(&[
        "WITH gone AS (DELETE FROM §a WHERE a.x = 1 RETURNING *) INSERT INTO §gone SELECT * FROM gone",
        "WITH a AS (SELECT 1 AS x) UPDATE §a SET x = 1",
        "WITH a AS (SELECT 1 AS x) DELETE FROM §a USING a AS b WHERE a.x = b.x",
        "WITH a AS (SELECT 1 AS x) MERGE INTO §a AS t USING a ON t.x = a.x WHEN MATCHED THEN DO NOTHING",
        "WITH a AS (INSERT INTO §b (WITH c AS (SELECT 1) TABLE c) RETURNING *) SELECT * FROM a, §c",
    ]);
}
