//! CREATE, ALTER and DROP.

use super::{check, check_texts};

#[test]
fn tables() {
    check(&[
        "CREATE TABLE §new (id INTEGER PRIMARY KEY, item INT REFERENCES items (id) ON DELETE CASCADE, CHECK (id > 0), FOREIGN KEY (item) REFERENCES orders)",
        "CREATE TABLE IF NOT EXISTS §new (a TEXT DEFAULT (1 + 2), b TEXT AS (a || 'x') STORED) STRICT",
        "CREATE TABLE §new (a PRIMARY KEY) WITHOUT ROWID",
        "CREATE TABLE «shared».new (a)",
        "CREATE TABLE §new AS SELECT * FROM §orders JOIN «shared».users USING (id)",
        "DROP TABLE §items",
        "DROP TABLE IF EXISTS «shared».users",
    ]);
    check_texts(&[
        "ALTER TABLE §orders RENAME TO items2",
        "ALTER TABLE «shared».users RENAME COLUMN name TO \"from\"",
        "ALTER TABLE §orders RENAME id TO orders",
        "ALTER TABLE §orders ADD COLUMN note TEXT REFERENCES items (id)",
        "ALTER TABLE §orders ADD note TEXT CHECK (note IN ('a', 'b'))",
        "ALTER TABLE §orders DROP COLUMN quantity",
    ]);
}

#[test]
fn an_index_has_the_schema_and_its_table_has_none() {
    check(&[
        "CREATE INDEX §new ON orders (quantity)",
        "CREATE UNIQUE INDEX IF NOT EXISTS §new ON orders (quantity COLLATE nocase DESC, abs(id)) WHERE quantity IS NOT NULL",
        "CREATE INDEX «shared».new ON users (name)",
        "DROP INDEX §orders_by_item",
        "DROP INDEX IF EXISTS «shared».users_by_name",
    ]);
}

#[test]
fn a_view_is_in_the_tenants_file_and_what_it_reads_too() {
    check(&[
        "CREATE VIEW §new AS SELECT * FROM orders JOIN items ON item_id = items.id WHERE orders.id IN (SELECT id FROM items)",
        "CREATE VIEW IF NOT EXISTS §new (a, b) AS WITH c AS (SELECT 1, id FROM orders) SELECT * FROM c",
        "CREATE VIEW «shared».new AS SELECT * FROM users",
        "DROP VIEW §cheap",
    ]);
    // What follows is no part of the view.
    check_texts(&["CREATE VIEW §new AS SELECT * FROM orders; SELECT * FROM §orders"]);
}

#[test]
fn a_trigger_has_the_schema_and_its_table_and_body_have_none() {
    check(&[
        "CREATE TRIGGER §new AFTER INSERT ON orders BEGIN INSERT INTO items (price) VALUES (new.id); END",
        "CREATE TRIGGER IF NOT EXISTS §new BEFORE UPDATE OF quantity, id ON orders FOR EACH ROW WHEN new.id IN (SELECT id FROM items)
           BEGIN
             UPDATE items SET price = (SELECT max(quantity) FROM orders) WHERE id = old.item_id;
             DELETE FROM items WHERE id = old.id;
             INSERT OR REPLACE INTO items SELECT id, id, id FROM orders WHERE true ON CONFLICT DO NOTHING;
             SELECT CASE WHEN new.id IS NULL THEN RAISE(ABORT, 'no id') END;
             SELECT RAISE(IGNORE) FROM orders;
             WITH c AS (SELECT 1) SELECT * FROM c, items;
             UPDATE items SET price = 1 FROM orders WHERE orders.item_id = items.id;
           END",
        "CREATE TRIGGER §new INSTEAD OF DELETE ON cheap BEGIN DELETE FROM items WHERE id = old.id; END",
        "CREATE TRIGGER «shared».new DELETE ON users BEGIN SELECT 1; END",
        "DROP TRIGGER §after_order",
        "DROP TRIGGER IF EXISTS §after_order",
    ]);
    check_texts(&["CREATE TRIGGER §new DELETE ON orders BEGIN SELECT 1; END; SELECT * FROM §orders"]);
}

#[test]
fn virtual_tables() {
    check(&[
        "CREATE VIRTUAL TABLE §new USING fts5 (title, body, content = 'items', tokenize = \"porter\")",
        "CREATE VIRTUAL TABLE IF NOT EXISTS «shared».new USING fts5 (a)",
        "CREATE VIRTUAL TABLE §new USING rtree (id, x0, x1)",
        "CREATE VIRTUAL TABLE §words USING fts5vocab (notes, 'row')",
    ]);
}

#[test]
fn temporary_tables_and_views_have_no_schema_and_a_view_reads_the_tenants_tables() {
    check(&[
        "CREATE TEMP TABLE new (a)",
        "CREATE TEMPORARY TABLE IF NOT EXISTS new AS SELECT * FROM §orders",
        "CREATE TABLE temp.new AS SELECT * FROM §orders",
        "CREATE TEMP VIEW new AS SELECT * FROM §orders, «shared».users",
        "CREATE VIEW temp.new AS SELECT * FROM §orders",
        "SELECT 1 FROM temp.sqlite_schema, sqlite_temp_schema, sqlite_temp_master",
    ]);
}

#[test]
fn the_catalog_is_the_tenants() {
    check(&[
        "SELECT 1 FROM §sqlite_schema, §sqlite_master, «shared».sqlite_master",
        "SELECT name FROM §SQLITE_MASTER WHERE sqlite_master.type = 'table'",
    ]);
}
