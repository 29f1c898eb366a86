CREATE TABLE items (
    id BIGINT NOT NULL PRIMARY KEY,
    price DOUBLE NOT NULL,
    weight REAL,
    photo BLOB,
    sold DATE,
    size SMALLINT,
    label TEXT GENERATED ALWAYS AS ('item ' || id) VIRTUAL,
    document JSON
);
CREATE TABLE orders (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id INTEGER NOT NULL,
    item_id BIGINT NOT NULL REFERENCES items (id),
    replaces INTEGER REFERENCES orders,
    quantity INTEGER NOT NULL
);
CREATE TABLE order_notes (
    order_id INTEGER NOT NULL REFERENCES orders ON DELETE CASCADE,
    number INTEGER NOT NULL,
    note TEXT,
    anything,
    PRIMARY KEY (order_id, number)
);
CREATE TABLE log (line TEXT NOT NULL, oid INTEGER);
CREATE TABLE coupons (code TEXT PRIMARY KEY, "match" INTEGER);
CREATE VIEW dear_items AS SELECT id, price FROM items WHERE price > 1000;
CREATE VIRTUAL TABLE search USING fts5 (words);
