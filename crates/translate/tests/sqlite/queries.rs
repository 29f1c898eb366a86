//! SELECT, VALUES and WITH.

use super::{check, check_pairs};

#[test]
fn tables_in_from_and_joins() {
    check(&[
        "SELECT * FROM §orders, §items, «shared».users",
        "SELECT * FROM §orders JOIN §items JOIN «shared».users",
        "SELECT * FROM §orders o JOIN §items i ON o.item_id = i.id LEFT JOIN «shared».users AS u USING (id)",
        "SELECT * FROM §orders NATURAL LEFT OUTER JOIN §items CROSS JOIN «shared».users INNER JOIN §cheap",
        "SELECT * FROM §orders o RIGHT JOIN §items i ON i.id = o.item_id FULL OUTER JOIN «shared».users u ON u.id = 1",
        "SELECT * FROM (§orders JOIN (§items JOIN «shared».users))",
        "SELECT * FROM ((§orders)) AS x",
        "SELECT * FROM (SELECT * FROM §orders) AS o, (VALUES (1), (2)) v, (WITH c AS (SELECT 1) SELECT * FROM c)",
        "SELECT * FROM §orders INDEXED BY orders_by_item WHERE item_id = 1",
        "SELECT * FROM §orders AS o NOT INDEXED WHERE item_id = 1",
        "SELECT * FROM §orders o NOT INDEXED JOIN §items NOT INDEXED ON items.id NOT IN (1) WHERE 1",
        "SELECT * FROM «shared».users",
    ]);
}

#[test]
fn columns_of_two_parts_stay_and_columns_of_three_follow_their_schema() {
    check(&[
        "SELECT orders.id, orders.*, o.rowid FROM §orders, §orders o",
        "SELECT «shared».users.id, users.name FROM «shared».users WHERE «shared».users.id = 1 ORDER BY «shared».users.name",
        "SELECT «shared».u.id FROM «shared».users u",
        "SELECT (SELECT «shared».users.name || orders.id) FROM §orders, «shared».users",
    ]);
}

#[test]
fn expressions_of_every_kind() {
    check(&[
        "SELECT CASE id WHEN 1 THEN 2 ELSE (SELECT 3 FROM §items) END, CAST(id AS VARCHAR(10)), CAST(1 AS a b) FROM §orders",
        "SELECT -id, +id, ~id, NOT id, NOT EXISTS (SELECT 1 FROM §items) FROM §orders WHERE EXISTS (SELECT 1 FROM §items)",
        "SELECT * FROM §orders WHERE id IN (1) AND id NOT IN (2, 3) AND id IN (SELECT id FROM §items) AND id IN ()",
        "WITH ids AS (SELECT 1) SELECT * FROM §orders WHERE id IN ids",
        "SELECT * FROM §orders WHERE (id, item_id) IN (SELECT id, price FROM §items) AND (1, 2) = (id, 3)",
        "SELECT id BETWEEN 1 AND 2, id NOT BETWEEN 1 AND (SELECT 1 FROM §items), id IS NOT NULL, id ISNULL, id NOTNULL, id NOT NULL FROM §orders",
        "SELECT id IS NOT DISTINCT FROM item_id, id IS DISTINCT FROM 1, id IS 1 FROM §orders",
        "SELECT description LIKE 'a%' ESCAPE '!', description NOT GLOB 'a', description COLLATE nocase FROM §items",
        "SELECT * FROM §notes WHERE notes MATCH 'a' AND body MATCH 'b' ORDER BY rank",
        "SELECT description -> 'a' ->> 'b', 1 == 2, 1 <> 2, 1 != 2, 1 << 2 >> 3 & 4 | 5 % 6, 'a' || 'b' FROM §items",
        "SELECT current_timestamp, current_date FROM §orders",
        "SELECT count(*), count(DISTINCT id), group_concat(id, ',' ORDER BY id DESC NULLS LAST), max(id) FILTER (WHERE id > 1) FROM §orders",
        "SELECT count(ORDER BY id), count(ORDER BY (SELECT 1 FROM §items)) FILTER (WHERE true) FROM §orders",
    ]);
}

#[test]
fn a_table_after_in() {
    check_pairs(&[
        (
            "SELECT 1 WHERE 1 IN (SELECT id FROM items) AND 2 NOT IN (SELECT 1)",
            r#"SELECT 1 WHERE 1 IN (SELECT id FROM "client1".items) AND 2 NOT IN (SELECT 1)"#,
        ),
        ("SELECT (1, 2, 3) IN items", r#"SELECT (1, 2, 3) IN "client1".items"#),
        (
            "SELECT (1, 2) NOT IN shared.users",
            r#"SELECT (1, 2) NOT IN "shared_v2".users"#,
        ),
        (
            "SELECT (1, 2, 3) IN [items] FROM orders",
            r#"SELECT (1, 2, 3) IN "client1".[items] FROM "client1".orders"#,
        ),
    ]);
}

#[test]
fn clauses_of_a_query() {
    check(&[
        "SELECT DISTINCT id FROM §orders WHERE 1 GROUP BY id, item_id HAVING count(*) > 1 ORDER BY 1 ASC NULLS FIRST, id DESC LIMIT 1 OFFSET 2",
        "SELECT ALL id FROM §orders LIMIT 1, 2",
        "SELECT 1 UNION ALL SELECT id FROM §orders UNION VALUES (1), (2) INTERSECT SELECT id FROM §items EXCEPT SELECT id FROM «shared».users ORDER BY 1",
        "VALUES (1, (SELECT id FROM §orders)), (2, 3)",
        "SELECT sum(id) OVER w, rank() OVER (PARTITION BY id ORDER BY item_id) FROM §orders WINDOW w AS (ORDER BY id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW EXCLUDE NO OTHERS)",
        "SELECT sum(id) OVER (w RANGE UNBOUNDED PRECEDING) FROM §orders WINDOW w AS (PARTITION BY id)",
        "SELECT sum(id) FILTER (WHERE id IN (SELECT id FROM §items)) OVER (ORDER BY id GROUPS BETWEEN UNBOUNDED PRECEDING AND 2 FOLLOWING EXCLUDE TIES) FROM §orders",
    ]);
}

#[test]
fn a_with_hides_tables_in_all_of_it_and_in_its_statement() {
    check(&[
        "WITH a AS (SELECT * FROM §orders), b (x, y, z, q) AS MATERIALIZED (SELECT * FROM a) SELECT * FROM b, §items",
        // A later name is visible before its declaration, with RECURSIVE or without.
        "WITH a AS (SELECT * FROM items), items AS NOT MATERIALIZED (SELECT * FROM §orders) SELECT * FROM a",
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3) SELECT * FROM n, §orders",
        "WITH n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3) SELECT * FROM n",
        "SELECT (WITH items AS (SELECT 1) SELECT * FROM items), (SELECT 1 FROM §items)",
        "SELECT * FROM (WITH items AS (SELECT 1) SELECT * FROM items), §items",
        "WITH items AS (SELECT 1 AS id) SELECT (SELECT id FROM items), (SELECT id FROM «shared».users) FROM §orders",
        "WITH items AS (SELECT 1) SELECT * FROM items UNION SELECT 1 FROM items",
        "WITH users AS (SELECT 1 AS a) SELECT * FROM users, «shared».users AS b",
    ]);
}

#[test]
fn table_valued_functions_are_no_tables_unless_they_are_virtual_tables() {
    check(&[
        "SELECT * FROM json_each('[1]') AS j, §orders, JSON_TREE(orders.id)",
        "SELECT * FROM §orders WHERE id IN (SELECT value FROM json_each((SELECT description FROM §items)))",
        "SELECT * FROM §notes('a')",
    ]);
}

#[test]
fn a_with_hides_tables_and_functions_of_sqlite_too() {
    check(&[
        "WITH dbstat AS (SELECT 1 AS id) SELECT * FROM dbstat, §orders JOIN dbstat AS b WHERE orders.id IN dbstat",
        "WITH pragma_table_info AS (SELECT 1 AS id) SELECT * FROM pragma_table_info",
        "WITH [pragma_table_list] (id) AS (VALUES (1)) UPDATE §items SET price = 1 FROM PRAGMA_table_list AS p WHERE p.id = items.id",
        "WITH json_each AS (SELECT 1) SELECT * FROM json_each",
        "WITH sqlite_master AS (SELECT 1) SELECT * FROM sqlite_master, §sqlite_schema",
        "CREATE VIEW §new AS WITH dbstat AS (SELECT 1) SELECT * FROM dbstat",
    ]);
    // With arguments it is no function, which SQLite says itself.
    for sql in [
        "WITH dbstat AS (SELECT 1) SELECT * FROM dbstat('main')",
        "WITH pragma_table_info AS (SELECT 1) SELECT * FROM pragma_table_info('orders')",
        "WITH json_each AS (SELECT 1) SELECT * FROM json_each('[1]')",
    ] {
        assert!(!super::Oracle::new().accepts(&super::translate(sql)), "{sql}");
    }
}

#[test]
fn explain() {
    super::check_texts(&[
        "EXPLAIN SELECT * FROM §orders",
        "EXPLAIN QUERY PLAN DELETE FROM §orders",
        "explain query plan with items as (select 1) select * from items",
    ]);
}

#[test]
fn several_statements() {
    super::check_texts(&[
        ";; SELECT * FROM §orders;; DELETE FROM §items; ",
        "WITH items AS (SELECT 1) SELECT * FROM items; SELECT * FROM §items",
    ]);
}
