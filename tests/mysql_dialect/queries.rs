//! SELECT, VALUES and WITH.

use super::{check, check_by_running, check_texts};

#[test]
fn tables_in_from_and_joins() {
    check(&[
        "SELECT * FROM §orders, §items, «shared».users",
        "SELECT * FROM §orders JOIN §items JOIN «shared».users",
        "SELECT * FROM §orders o JOIN §items i ON o.item_id = i.id LEFT JOIN («shared».users AS u JOIN «shared».users w USING (id, name)) ON u.id = i.id",
        "SELECT * FROM §orders NATURAL LEFT OUTER JOIN §items CROSS JOIN «shared».users INNER JOIN §cheap",
        "SELECT * FROM §orders o RIGHT JOIN §items i ON i.id = o.item_id STRAIGHT_JOIN «shared».users u ON u.id = 1",
        "SELECT * FROM §orders LEFT JOIN §items LEFT JOIN «shared».users ON users.id = 1 ON items.id = 2",
        "SELECT * FROM (§orders JOIN (§items JOIN «shared».users))",
        "SELECT * FROM (§orders, §items) LEFT JOIN «shared».users ON users.id = 1",
        "SELECT * FROM (SELECT * FROM §orders) AS o, (VALUES (1), (2)) v, (WITH c AS (SELECT 1) SELECT * FROM c) w",
        "SELECT * FROM ((SELECT id FROM §orders) UNION (SELECT id FROM §items) LIMIT 1) AS o",
        "SELECT * FROM {oj §orders o LEFT OUTER JOIN §items i ON o.item_id = i.id}",
        "SELECT * FROM §orders USE INDEX (by_item) IGNORE INDEX FOR JOIN (PRIMARY), §items i FORCE KEY (PRIMARY)",
        "SELECT * FROM §orders PARTITION (p0, p1) AS o WHERE o.id = 1",
        "SELECT * FROM §history FOR SYSTEM_TIME AS OF TIMESTAMP '2020-01-01 00:00:00' AS h, §orders",
        "SELECT * FROM §history FOR SYSTEM_TIME BETWEEN NOW() AND NOW() + INTERVAL 1 DAY",
        "SELECT * FROM §history FOR SYSTEM_TIME FROM '2020-01-01' TO NOW(), §items",
        "SELECT * FROM §history FOR SYSTEM_TIME ALL h, §items",
        "SELECT * FROM §items, JSON_TABLE('[1]', '$[*]' COLUMNS (a INT PATH '$', NESTED PATH '$' COLUMNS (b INT PATH '$'))) AS t",
        "SELECT 1 FROM DUAL WHERE EXISTS (SELECT 1 FROM §orders)",
        "SELECT * FROM «shared».users",
    ]);
}

#[test]
fn columns_of_two_parts_stay_and_columns_of_three_follow_their_schema() {
    check(&[
        "SELECT orders.id, orders.*, .orders.quantity FROM §orders, §items o",
        "SELECT «shared».users.id, users.name FROM «shared».users WHERE «shared».users.id = 1 ORDER BY «shared».users.name",
        "SELECT «shared».users.*, orders.* FROM «shared».users, §orders",
        "SELECT (SELECT CONCAT(«shared».users.name, orders.id)) FROM §orders, «shared».users",
        "SELECT «`shared`».`users`.`id` FROM («`shared`».`users` INNER JOIN §`orders` ON (`orders`.`user_id` = «`shared`».`users`.`id`))",
    ]);
}

#[test]
fn expressions_of_every_kind() {
    check(&[
        "SELECT CASE id WHEN 1 THEN 2 ELSE (SELECT 3 FROM §items LIMIT 1) END, CAST(id AS CHAR(10) CHARACTER SET utf8mb4), CONVERT(id, SIGNED), CONVERT('a' USING utf8mb4) FROM §orders",
        "SELECT -id, +id, ~id, !id, NOT id, NOT EXISTS (SELECT 1 FROM §items), BINARY 'a' FROM §orders WHERE EXISTS (SELECT 1 FROM §items)",
        "SELECT * FROM §orders WHERE id IN (1) AND id NOT IN (2, 3) AND id IN (SELECT id FROM §items) AND id IN (VALUES (1), (2))",
        "SELECT * FROM §orders WHERE (id, item_id) IN (SELECT id, price FROM §items) AND (1, 2) = (id, 3) AND ROW(1, 2) = ROW(id, 3)",
        "SELECT id BETWEEN 1 AND 2, id NOT BETWEEN 1 AND (SELECT 1 FROM §items), id IS NOT NULL, id IS TRUE, id IS NOT UNKNOWN FROM §orders",
        "SELECT id <=> item_id, id DIV 2, id MOD 2, id XOR 1, id && 1, id || 1, id << 1 | 2 & 3 ^ 4, id <> 1, id != 1 FROM §orders",
        "SELECT description LIKE 'a%' ESCAPE '!', description NOT RLIKE 'a', description REGEXP 'a', description COLLATE utf8mb4_bin, description SOUNDS LIKE 'b' FROM §items",
        "SELECT * FROM §notes WHERE MATCH (body) AGAINST ('a' IN BOOLEAN MODE) AND MATCH (body) AGAINST ('b' WITH QUERY EXPANSION)",
        "SELECT MATCH (notes.body) AGAINST ('a' IN NATURAL LANGUAGE MODE), MATCH body AGAINST ('a') FROM §notes",
        "SELECT id = ANY ((SELECT id FROM §items) UNION (SELECT id FROM «shared».users)) FROM §orders",
        "SELECT id = ANY (SELECT id FROM §items), id > ALL (SELECT id FROM §items), id < SOME (SELECT id FROM §items) FROM §orders",
        "SELECT NOW() + INTERVAL 1 DAY, INTERVAL 2 HOUR + NOW(), DATE_ADD(NOW(), INTERVAL id + 1 MINUTE_SECOND), INTERVAL(1, 2, 3), TIMESTAMPADD(DAY, 1, NOW()) FROM §orders",
        "SELECT CURRENT_TIMESTAMP, CURRENT_DATE, CURRENT_TIMESTAMP(3), UTC_DATE(), LOCALTIME FROM §orders",
        "SELECT DATE '2000-01-01', TIMESTAMP '2000-01-01 00:00:00', {d '2000-01-01'}, {fn NOW()}, date(NOW()) FROM §orders",
        "SELECT @a, @@version, @@session.sql_mode, @@global.max_connections, @`a b` FROM §orders",
        "SELECT NEXT VALUE FOR §numbers, NEXTVAL(§numbers), SETVAL(§numbers, 10), PREVIOUS VALUE FOR §numbers, LASTVAL(§numbers)",
    ]);
}

#[test]
fn functions_with_words_between_their_arguments() {
    check(&[
        "SELECT EXTRACT(YEAR FROM NOW()), EXTRACT(DAY_HOUR FROM (SELECT NOW() FROM §items LIMIT 1)) FROM §orders",
        "SELECT TRIM(BOTH 'a' FROM description), TRIM(LEADING FROM description), TRIM('a' FROM description), TRIM(description) FROM §items",
        "SELECT SUBSTRING(description FROM 1 FOR 2), SUBSTRING(description FROM 2), SUBSTR(description, 1), MID(description, 1, 2) FROM §items",
        "SELECT POSITION('a' IN description), POSITION('a' IN (SELECT 'b' FROM §orders LIMIT 1)), LOCATE('a', description) FROM §items",
        "SELECT GROUP_CONCAT(DISTINCT id, item_id ORDER BY id DESC SEPARATOR ', ' LIMIT 1), COUNT(DISTINCT id, item_id), COUNT(*), COUNT(ALL id) FROM §orders",
        "SELECT CHAR(65, 66 USING utf8mb4), WEIGHT_STRING(description AS CHAR(3)), WEIGHT_STRING(description LEVEL 1), IF(1, 2, 3), LEFT('a', 1), RIGHT('a', 1), REPLACE('a', 'b', 'c'), REPEAT('a', 2), INSERT('a', 1, 1, 'b'), MOD(3, 2), TRUNCATE(1.5, 1) FROM §items",
        "SELECT GET_FORMAT(DATE, 'USA'), JSON_VALUE('{}', '$.a'), JSON_ARRAYAGG(id), COALESCE(NULL, id), DEFAULT(price) FROM §items",
        "SELECT SUM(id) OVER w, RANK() OVER (PARTITION BY id ORDER BY item_id), ROW_NUMBER() OVER () FROM §orders WINDOW w AS (ORDER BY id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)",
        "SELECT MEDIAN(id) OVER (PARTITION BY quantity), PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY id) OVER (PARTITION BY quantity) FROM §orders",
        "SELECT SUM(id) OVER (ORDER BY id RANGE BETWEEN UNBOUNDED PRECEDING AND 1 FOLLOWING) FROM §orders",
    ]);
}

#[test]
fn clauses_of_a_query() {
    check(&[
        "SELECT DISTINCT SQL_CALC_FOUND_ROWS id FROM §orders WHERE 1 GROUP BY id DESC, item_id WITH ROLLUP HAVING count(*) > 1 LIMIT 1 OFFSET 2",
        "SELECT ALL SQL_NO_CACHE HIGH_PRIORITY STRAIGHT_JOIN SQL_BIG_RESULT id FROM §orders ORDER BY id LIMIT 1, 2",
        "SELECT id FROM §orders LIMIT 1 ROWS EXAMINED 100",
        "SELECT id FROM §orders ORDER BY id OFFSET 1 ROW FETCH FIRST 2 ROWS WITH TIES",
        "SELECT id FROM §orders FETCH NEXT ROW ONLY",
        "SELECT id FROM §orders FOR UPDATE",
        "SELECT id FROM §orders FOR UPDATE SKIP LOCKED",
        "SELECT id FROM §orders LOCK IN SHARE MODE NOWAIT",
        "SELECT id FROM §orders FOR UPDATE WAIT 1",
        "SELECT 1 UNION ALL SELECT id FROM §orders UNION DISTINCT VALUES (1), (2) ORDER BY 1",
        "SELECT id FROM §orders INTERSECT SELECT id FROM §items EXCEPT SELECT id FROM «shared».users",
        "(SELECT id FROM §orders ORDER BY id LIMIT 1) UNION (SELECT id FROM §items) LIMIT 3",
        "((SELECT id FROM §orders) EXCEPT (SELECT id FROM §items)) UNION SELECT 1",
        "SELECT ((SELECT id FROM §orders LIMIT 1) UNION (SELECT 1) LIMIT 1) + 1",
        "VALUES (1, (SELECT id FROM §orders LIMIT 1)), (2, 3)",
        "SELECT 1 AS 'items', 2 AS \"orders\", 3 `FROM`, 4 'x' FROM §orders",
    ]);
}

#[test]
fn a_with_hides_tables_after_its_declaration() {
    check(&[
        "WITH a AS (SELECT * FROM §orders), b (x, y, z, q) AS (SELECT * FROM a) SELECT * FROM b, §items",
        "WITH items AS (SELECT * FROM §items) SELECT * FROM items",
        "WITH a AS (SELECT * FROM §items), items AS (SELECT * FROM §orders) SELECT * FROM a, items",
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3) SELECT * FROM n, §orders",
        "WITH RECURSIVE items AS (SELECT * FROM orders), orders AS (SELECT 1 AS id) SELECT * FROM items",
        "SELECT (WITH items AS (SELECT 1) SELECT * FROM items), (SELECT 1 FROM §items LIMIT 1)",
        "SELECT * FROM (WITH items AS (SELECT 1) SELECT * FROM items) i, §items",
        "WITH items AS (SELECT 1 AS id) SELECT (SELECT id FROM items), (SELECT max(id) FROM «shared».users) FROM §orders",
        "WITH items AS (SELECT 1) SELECT * FROM items UNION SELECT 1 FROM items",
        "WITH users AS (SELECT 1 AS a) SELECT * FROM users, «shared».users AS b",
        "WITH Items AS (SELECT 1 AS id) SELECT * FROM items, ITEMS AS b",
        "WITH items AS (SELECT 1 AS id) SELECT * FROM .items, .items AS b",
        "WITH größe AS (SELECT 1 AS id) SELECT * FROM größe, §orders",
        "WITH RECURSIVE c AS (SELECT 1 AS a UNION SELECT a FROM c) CYCLE a RESTRICT SELECT * FROM c, §items",
    ]);
}

#[test]
fn variables_and_what_mysql_alone_has() {
    check_by_running(&[
        "SELECT id INTO @a FROM §orders LIMIT 1",
        "SELECT id, quantity FROM §orders ORDER BY id LIMIT 1 INTO @a, @b",
        "SELECT @row := @row + 1, id FROM §orders",
    ]);
    check_texts(&[
        "TABLE §orders ORDER BY id LIMIT 1",
        "SELECT * FROM (TABLE §orders) AS o, LATERAL (SELECT o.id FROM §items) AS l",
        "VALUES ROW(1, 2), ROW(3, (SELECT 1 FROM §orders))",
        "SELECT id FROM §orders, «shared».users FOR SHARE OF orders SKIP LOCKED FOR UPDATE OF «shared».users NOWAIT",
        "SELECT a -> '$.b', a ->> '$.b', 1 MEMBER OF ('[1]') FROM §orders",
        "SELECT /*+ NO_MERGE(o) */ * FROM §orders o",
        "SELECT LAG(id) IGNORE NULLS OVER (ORDER BY id), NTH_VALUE(id, 1) FROM FIRST OVER w FROM §orders WINDOW w AS ()",
    ]);
}
