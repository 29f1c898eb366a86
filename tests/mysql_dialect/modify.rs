//! INSERT, REPLACE and UPDATE.

use super::{check, check_by_running, check_texts};

#[test]
fn insert_in_all_its_forms() {
    check(&[
        "INSERT INTO §items () VALUES ()",
        "INSERT §items (description, price) VALUES ('a', 1), ('b', (SELECT max(id) FROM §orders))",
        "INSERT INTO §items (items.description) SELECT name FROM «shared».users",
        "INSERT INTO «shared».users («shared».users.name) VALUES ('a')",
        "INSERT IGNORE INTO §items VALUES (1, 'a', 2)",
        "INSERT LOW_PRIORITY IGNORE §items VALUE (1, 'a', DEFAULT)",
        "INSERT HIGH_PRIORITY INTO §items SET description = 'a', price = (SELECT 1 FROM §orders LIMIT 1)",
        "INSERT INTO §orders PARTITION (p0, p1) (id) VALUES (100)",
        "REPLACE INTO §items VALUES (1, 'a', 2)",
        "REPLACE LOW_PRIORITY §items SET id = 1",
        "INSERT INTO §items WITH c AS (SELECT 1, 2, 3) SELECT * FROM c",
        "INSERT INTO §items WITH items AS (SELECT 1, 2, 3) SELECT * FROM items",
        "INSERT INTO §items (id) (SELECT id FROM §orders)",
        "INSERT INTO §items (id) ((SELECT id FROM §orders) UNION (SELECT 3))",
        "INSERT INTO §items (SELECT * FROM §items)",
    ]);
    check_by_running(&[
        "INSERT INTO §items (description) VALUES ('new') RETURNING id, items.price, (SELECT max(id) FROM §orders) AS m",
    ]);
    check_texts(&[
        "INSERT DELAYED INTO §items VALUES (1)",
        "INSERT INTO §items (id) SELECT a.id FROM §a JOIN §b ON DUPLICATE KEY UPDATE id = 1",
        "INSERT INTO §items (id) VALUES (1) AS new (a) ON DUPLICATE KEY UPDATE id = new.a",
    ]);
}

#[test]
fn on_duplicate_key() {
    check(&[
        "INSERT INTO §items VALUES (1, 'a', 2) ON DUPLICATE KEY UPDATE price = VALUES(price), description = (VALUES(description))",
        "INSERT INTO «shared».users VALUES (1, 'a') ON DUPLICATE KEY UPDATE «shared».users.name = «shared».users.name",
        "INSERT INTO «`shared`».`users` (`id`) VALUES (1) ON DUPLICATE KEY UPDATE «`shared`».`users`.`id` = «`shared`».`users`.`id`",
        "INSERT INTO §items (id) SELECT o.id FROM §orders o JOIN §cheap WHERE true ON DUPLICATE KEY UPDATE price = items.price + 1",
        "INSERT INTO §items SET id = 1 ON DUPLICATE KEY UPDATE price = (SELECT max(id) FROM §orders)",
    ]);
}

#[test]
fn update_in_all_its_forms() {
    check(&[
        "UPDATE §items SET price = price + 1, items.description = (SELECT max(name) FROM «shared».users)",
        "UPDATE LOW_PRIORITY IGNORE §items AS i SET i.price = 1 WHERE i.id IN (SELECT item_id FROM §orders) ORDER BY id LIMIT 1",
        "UPDATE §items, §orders o SET items.price = o.quantity, o.quantity = DEFAULT WHERE o.item_id = items.id",
        "UPDATE §items i JOIN «shared».users u ON u.id = i.id SET i.price = 1, «shared».u.name = 'a'",
        "UPDATE §items LEFT JOIN (SELECT id FROM §orders) AS o USING (id) SET price = 1",
        "UPDATE «`shared`».`users` SET `name` = 'a' WHERE («`shared`».`users`.`id` = 1)",
        "UPDATE §orders PARTITION (p0) SET quantity = 1",
    ]);
    check_texts(&[
        "WITH items AS (SELECT 1 AS id) UPDATE §orders, items SET orders.id = items.id",
        "UPDATE §periods FOR PORTION OF p FROM '2000-01-01' TO '2001-01-01' SET a = 1",
    ]);
}
