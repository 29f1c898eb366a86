CREATE TABLE products (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
INSERT INTO products SELECT number, 'shared product ' || number FROM generate_series(1, 25) number;
