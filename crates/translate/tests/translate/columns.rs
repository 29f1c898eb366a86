//! Columns of two and of three parts.

use super::check;

#[test]
fn three_parts_follow_the_mapping_of_their_schema() {
    check(&[
        r#"SELECT «"shared"»."rates"."code" FROM «"shared"»."rates" WHERE «"shared"»."rates"."code" = $1"#,
        "SELECT «shared».rates.*, «shared» /* a */ . rates . code FROM «shared».rates ORDER BY «shared».rates.code",
        "SELECT db.«shared».rates.code, count(«shared».rates.*) FROM db.«shared».rates",
        "UPDATE «shared».rates SET value = «shared».rates.value + 1 RETURNING «shared».rates.value",
    ]);
}

#[test]
fn two_parts_stay_as_they_are() {
    check(&[
        "SELECT a.x, a.* FROM §a WHERE a.x = 1 GROUP BY a.x",
        "SELECT rates.code FROM «shared».rates",
        "SELECT a, (a).x, (a.*).x, row(a.*), count(a) FROM §a",
        "SELECT a.x FROM «shared».b AS a, §c",
    ]);
}

#[test]
fn an_unqualified_table_beside_its_namesake_is_meant_by_two_parts() {
    check(&[
        "SELECT §a.x, §a.*, public.a.x FROM §a, public.a WHERE §a.x = public.a.x ORDER BY §a.x",
        r#"SELECT §"a"."x" FROM («"shared"»."a" INNER JOIN §"a" ON («"shared"»."a"."x" = §"a"."x"))"#,
        "SELECT §A.x FROM public.a JOIN §\"a\" USING (x)",
        "UPDATE §a SET x = public.a.x FROM public.a WHERE §a.x = 1 RETURNING §a.x",
        "DELETE FROM §a USING public.a WHERE §a.x = public.a.x",
        "SELECT (SELECT §a.x), f(§a.x) OVER (PARTITION BY §a.y) FROM §a, public.a",
    ]);
}

#[test]
fn the_nearest_namesake_wins_and_the_tenants_is_reached_through_it() {
    check(&[
        "SELECT a.x FROM §a WHERE EXISTS (SELECT FROM public.a WHERE public.a.x = §a.x)",
        "SELECT a.x FROM public.a WHERE EXISTS (SELECT a.x FROM §a)",
        "SELECT (SELECT a.x FROM §a) FROM public.a",
    ]);
}

#[test]
fn an_alias_a_cte_or_a_function_of_the_name_stands_before_the_table() {
    check(&[
        "SELECT a.x FROM §b AS a, public.a",
        "WITH a AS (SELECT 1 AS x) SELECT a.x FROM a, public.a",
        "SELECT a.x FROM a(1), public.a",
        "SELECT (SELECT a.x FROM §b a) FROM §a, public.a",
        "SELECT a.x FROM public.a WHERE (SELECT a.x FROM unnest(y) AS a)",
        "SELECT excluded.x FROM §a, public.a",
        "INSERT INTO §excluded VALUES (1) ON CONFLICT (x) DO UPDATE SET x = excluded.x",
    ]);
}

#[test]
fn a_function_is_called_as_the_server_calls_it() {
    check(&[
        "SELECT (SELECT f.x FROM ROWS FROM (shared.f(1), g(2))) FROM §f, public.f",
        "SELECT (SELECT §shared.x FROM ROWS FROM (db.shared.f(1))) FROM §shared, public.shared",
        "SELECT (SELECT ltrim.x FROM trim(LEADING 'a')) FROM §ltrim, public.ltrim",
        "SELECT (SELECT rtrim.x FROM trim(trailing FROM 'a')) FROM §rtrim, public.rtrim",
        "SELECT (SELECT btrim.x FROM trim(BOTH 'a')), (SELECT btrim.x FROM trim('a')) FROM §btrim, public.btrim",
        "SELECT (SELECT trim.x FROM shared.trim('a')), (SELECT btrim.x FROM ROWS FROM (trim('a'))) FROM §btrim, public.btrim",
        "SELECT (SELECT pg_collation_for.x FROM COLLATION FOR ('a')) FROM §pg_collation_for, public.pg_collation_for",
        "SELECT (SELECT pg_collation_for.x FROM ROWS FROM (COLLATION FOR ('a'))) FROM §pg_collation_for, public.pg_collation_for",
    ]);
}

#[test]
fn a_join_condition_sees_its_own_sides_only() {
    check(&[
        "SELECT 1 FROM §a, public.a JOIN §b ON a.x = b.x",
        "SELECT 1 FROM §a JOIN (public.a JOIN §b ON a.x = b.x) ON §a.x = b.x",
        "SELECT 1 FROM §a JOIN public.a JOIN §b ON a.x = b.x ON §a.x = b.x",
        "SELECT 1 FROM §a CROSS JOIN public.a NATURAL JOIN §b JOIN §c ON §a.x = c.x",
    ]);
}

#[test]
fn an_aliased_join_hides_the_names_inside_of_it() {
    check(&[
        "SELECT a.x FROM (public.a JOIN §b ON a.y = b.y) AS j, §a",
        "SELECT §a.x FROM (public.a JOIN §a ON §a.y = public.a.y)",
        "SELECT a.x FROM (§c JOIN (public.a JOIN §b USING (y)) AS a USING (z)), §a",
    ]);
}

#[test]
fn lateral_items_and_functions_see_those_before_them() {
    check(&[
        "SELECT 1 FROM §a, public.a, LATERAL (SELECT §a.x) s",
        "SELECT 1 FROM §a, LATERAL (SELECT a.x) s, public.a",
        "SELECT 1 FROM §a, public.a, (SELECT a.x) s",
        "SELECT 1 FROM §a, public.a, unnest(§a.x) u, §b TABLESAMPLE system (§a.x) REPEATABLE (§a.y)",
    ]);
}

#[test]
fn clauses_behind_a_set_operation_see_no_operand() {
    check(&[
        "SELECT §a.x FROM §a, public.a UNION SELECT 1 ORDER BY a.x",
        "(SELECT §a.x FROM §a, public.a) ORDER BY §a.x",
        "((SELECT §a.x FROM §a, public.a) LIMIT 1) ORDER BY §a.x",
    ]);
}

// Places where a schema is illegal.

#[test]
fn the_left_side_of_set_takes_no_schema() {
    check(&[
        "UPDATE §a SET x = 1, (y, z) = (SELECT 1, 2), a[1] = 2, b.c = 3 FROM public.a",
        "INSERT INTO §a VALUES (1) ON CONFLICT (x) DO UPDATE SET x = excluded.x, (y, a.z) = (a.y, 1)",
        "MERGE INTO §a USING public.a ON §a.x = public.a.x WHEN MATCHED THEN UPDATE SET a.x = 1",
    ]);
}

#[test]
fn the_columns_of_insert_take_no_schema() {
    check(&["INSERT INTO §a (x, y[1], a.z) SELECT 1 FROM public.a"]);
}

#[test]
fn the_columns_of_copy_take_no_schema() {
    check(&[
        "COPY §a (x, a) FROM STDIN",
        "COPY «shared».a (x, a) TO STDOUT (FORMAT csv)",
    ]);
}

#[test]
fn the_columns_of_on_conflict_take_no_schema() {
    check(&[
        "INSERT INTO §a SELECT 1 FROM public.a ON CONFLICT (a, x COLLATE \"C\") WHERE y DO UPDATE SET x = excluded.x",
    ]);
}

#[test]
fn whole_rows_take_no_schema() {
    check(&["SELECT a, row_to_json(a), (a).x, count(a) FROM §a, public.a WHERE a IS NOT NULL"]);
}

#[test]
fn what_for_update_locks_takes_no_schema() {
    check(&["SELECT §a.x FROM §a, public.a FOR UPDATE OF a"]);
}

#[test]
fn the_columns_of_a_join_take_no_schema() {
    check(&["SELECT 1 FROM §a JOIN public.a USING (a)"]);
}

#[test]
fn names_of_indexes_triggers_policies_and_rules_take_no_schema() {
    check(&[
        "CREATE INDEX a ON §a (a)",
        "CREATE TRIGGER a AFTER INSERT ON §a EXECUTE FUNCTION a()",
        "CREATE POLICY a ON §a",
        "CREATE RULE a AS ON DELETE TO §a DO NOTHING",
    ]);
}

#[test]
fn new_names_take_no_schema() {
    check(&[
        "ALTER TABLE §a RENAME TO a",
        "ALTER TABLE §a RENAME COLUMN a TO a",
        "ALTER INDEX §a RENAME TO a",
        "ALTER TRIGGER a ON §a RENAME TO a",
    ]);
}

#[test]
fn columns_of_one_table_in_ddl_are_left_alone() {
    check(&[
        "ALTER TABLE §a ADD CHECK (a.x > 0 AND shared.a.x > 1)",
        "CREATE INDEX a_x ON §a (lower(a.x)) WHERE shared.a.y",
        "CREATE POLICY p ON §a USING (a.x = (SELECT §b.x FROM §b, public.b))",
    ]);
}
