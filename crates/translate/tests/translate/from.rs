//! Items of FROM.

use super::check;

#[test]
fn aliases_are_not_tables() {
    check(&[
        "SELECT * FROM §a AS b, §b AS a, §c c (x, y), c (x, y), §d AS e (x)",
        "SELECT * FROM §a a JOIN §a b ON a.x = b.x",
        "SELECT * FROM §a JOIN §b USING (x) AS j, (§c CROSS JOIN §d) AS k (x)",
        "SELECT * FROM (SELECT 1 FROM §a) b, (SELECT 2) AS c",
        r#"SELECT "select" FROM §"from" AS "where" WHERE "where"."x" = 1"#,
    ]);
}

#[test]
fn joins_of_all_kinds() {
    check(&[
        "SELECT * FROM §a INNER JOIN §b ON true LEFT JOIN §c ON true RIGHT OUTER JOIN §d USING (x) FULL JOIN §e ON 1 = 1",
        "SELECT * FROM §a NATURAL LEFT OUTER JOIN §b CROSS JOIN §c NATURAL JOIN §d",
        "SELECT * FROM ((§a JOIN §b ON ((x = y))) JOIN (§c JOIN §d ON z) ON left(x, 1) = right(y, 1))",
        "SELECT * FROM §a JOIN §b JOIN §c ON x ON y, §d",
        "SELECT * FROM ((SELECT 1 FROM §a) x JOIN ((SELECT 2 FROM §b)) y ON true)",
    ]);
}

#[test]
fn functions_are_not_tables() {
    check(&[
        "SELECT * FROM generate_series(1, 2), unnest(x) WITH ORDINALITY AS u (a, b), public.f(1) g",
        "SELECT * FROM json_to_recordset('[]') AS (a int, b text), f() AS x (a shared.t), §b",
        "SELECT * FROM ROWS FROM (f(1), g(2) AS (a int)) WITH ORDINALITY AS r, §b",
        "SELECT * FROM current_date, CAST(1 AS int) x, left('a', 1) y, collation for ('x') z, §b",
        "SELECT * FROM collation(2), shared.trim(3) JOIN §c ON true",
        "SELECT * FROM f((SELECT 1 FROM §a)), LATERAL g(b.x) JOIN §c ON true",
    ]);
}

#[test]
fn table_functions_with_a_grammar_of_their_own() {
    check(&[
        "SELECT * FROM §a, XMLTABLE('/r' PASSING a.x COLUMNS i int PATH '.', d text DEFAULT (SELECT y FROM §b)) x",
        "SELECT * FROM §a, JSON_TABLE(a.x, '$[*]' COLUMNS (i int PATH '$.i', NESTED PATH '$.n' COLUMNS (j int))) AS t, §b",
    ]);
}

#[test]
fn sampling_keeps_the_table() {
    check(&["SELECT * FROM §a TABLESAMPLE bernoulli (1) REPEATABLE (2), §b AS c TABLESAMPLE s.m (3) JOIN §d ON true"]);
}
