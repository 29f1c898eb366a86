INSERT INTO __diesel_schema_migrations VALUES ('001', '2026-01-02 03:04:05'), ('002', '2026-02-03 04:05:06.789');
INSERT INTO "Customers" (user_id, nick, email, "Home", tags, notes) VALUES
    (1, 'ada', 'ada@example.com', ROW('a "street", (1)', '12345', 'it''s paid'), '{a,"b c"}', repeat('x', 5000)),
    (2, 'bob', 'Bob@example.com', NULL, '{}', NULL);
INSERT INTO orders (customer, status, history, amount, quantity, span, spans, booked, parent) VALUES
    (10, 'new', '{new,"it''s paid",NULL}', 10.50, 2, '[1,2.5)', '{[1,2),[3,4)}', '[2026-01-01,2026-01-02)', NULL),
    (20, 'it''s paid', NULL, 0.01, 3, NULL, NULL, NULL, 1),
    (NULL, 'Sent', '{}', 99999.99, 1, 'empty', '{}', '[2026-01-01,2026-01-02)', 1);
INSERT INTO scratch SELECT 1, o, '\x00ff5c27' FROM orders o WHERE id = 1;
INSERT INTO no_columns DEFAULT VALUES;
INSERT INTO no_columns DEFAULT VALUES;
INSERT INTO payments SELECT i, date '2025-06-01' + i * 30, 10, i FROM generate_series(1, 40) i;
INSERT INTO payment_notes SELECT id, paid_on FROM payments LIMIT 5;
INSERT INTO animals VALUES (1, 'Cat');
INSERT INTO dogs VALUES (2, 'Dog', 'poodle');
INSERT INTO items VALUES (1, 10), (2, 1000);
SELECT nextval('scratch_numbers');
REFRESH MATERIALIZED VIEW sums
