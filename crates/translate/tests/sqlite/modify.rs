//! INSERT, REPLACE, UPDATE and DELETE.

use super::check;

#[test]
fn insert_in_all_its_forms() {
    check(&[
        "INSERT INTO §items DEFAULT VALUES",
        "INSERT INTO §items (description, price) VALUES ('a', 1), ('b', (SELECT max(price) FROM §items))",
        "INSERT INTO §items AS i (description) SELECT name FROM «shared».users",
        "INSERT OR IGNORE INTO §items VALUES (1, 'a', 2)",
        "INSERT OR REPLACE INTO §items VALUES (1, 'a', 2)",
        "INSERT OR ROLLBACK INTO «shared».users VALUES (1, 'a')",
        "INSERT OR ABORT INTO §items VALUES (1, 'a', 2)",
        "INSERT OR FAIL INTO §items VALUES (1, 'a', 2)",
        "REPLACE INTO §items VALUES (1, 'a', 2)",
        "INSERT INTO §notes (notes) VALUES ('rebuild')",
        "WITH items AS (SELECT 1, 2, 3) INSERT INTO §items SELECT * FROM items",
        "INSERT INTO §items WITH c AS (SELECT 1, 2, 3) SELECT * FROM c",
        "INSERT INTO §items VALUES (1, 'a', 2) RETURNING id, items.price, (SELECT max(id) FROM §orders) AS m, *",
    ]);
}

#[test]
fn upsert() {
    check(&[
        "INSERT INTO §items VALUES (1, 'a', 2) ON CONFLICT DO NOTHING",
        "INSERT INTO §items VALUES (1, 'a', 2) ON CONFLICT (description) DO UPDATE SET price = excluded.price WHERE items.price > 1",
        "INSERT INTO §items AS i VALUES (1, 'a', 2) ON CONFLICT (description) DO UPDATE SET (price, id) = (i.price, 1) RETURNING *",
        "INSERT INTO §items VALUES (1, 'a', 2) ON CONFLICT (id) DO UPDATE SET price = (SELECT 1 FROM §orders) ON CONFLICT (description) DO NOTHING",
        "INSERT INTO §items SELECT * FROM §items WHERE true ON CONFLICT (id) DO NOTHING",
        "INSERT INTO «shared».users VALUES (1, 'a') ON CONFLICT (id) DO UPDATE SET name = «shared».users.name",
    ]);
}

#[test]
fn update_in_all_its_forms() {
    check(&[
        "UPDATE §items SET price = price + 1, description = (SELECT name FROM «shared».users)",
        "UPDATE OR IGNORE §items AS i SET (price, description) = (SELECT 1, 'a' FROM §orders WHERE item_id = i.id) WHERE i.id = 1",
        "UPDATE §orders INDEXED BY orders_by_item SET quantity = 1 WHERE item_id = 1",
        "UPDATE §orders NOT INDEXED SET quantity = 1 WHERE item_id = 1 RETURNING *",
        "UPDATE §items SET price = o.quantity FROM §orders AS o JOIN «shared».users u ON u.id = o.user_id WHERE o.item_id = items.id",
        "WITH items AS (SELECT 1 AS id) UPDATE §items SET price = 1 WHERE id IN (SELECT id FROM items)",
        "WITH c AS (SELECT 1 AS id) UPDATE §items SET price = 1 FROM c WHERE c.id = items.id",
    ]);
}

#[test]
fn delete_in_all_its_forms() {
    check(&[
        "DELETE FROM §items",
        "DELETE FROM §orders AS o WHERE o.item_id IN (SELECT id FROM §items) RETURNING orders.id",
        "DELETE FROM §orders INDEXED BY orders_by_item WHERE item_id = 1",
        "DELETE FROM «shared».users WHERE «shared».users.id = 1",
        "WITH orders AS (SELECT 1 AS id) DELETE FROM §orders WHERE id IN orders",
    ]);
}
