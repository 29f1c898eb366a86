-- In SQLite a foreign key can't reference another file, and the users are in the shared one.
CREATE TABLE orders (
    id BIGINT NOT NULL PRIMARY KEY,
    user_id BIGINT NOT NULL,
    item_id BIGINT NOT NULL REFERENCES items (id),
    quantity INTEGER NOT NULL CHECK (quantity > 0)
);

CREATE INDEX orders_user_id ON orders (user_id);
