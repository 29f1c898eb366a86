//! CREATE, ALTER, DROP, RENAME, TRUNCATE.

use super::{check_by_running, check_texts};

#[test]
fn tables() {
    check_by_running(&[
        "CREATE TABLE §a (id INT PRIMARY KEY, b INT DEFAULT (NEXT VALUE FOR §numbers), c INT DEFAULT NEXTVAL(§numbers), d INT)",
        "CREATE TABLE IF NOT EXISTS §a (id INT, FOREIGN KEY (id) REFERENCES items (id) ON DELETE CASCADE)",
        "CREATE TABLE §a (id INT, FOREIGN KEY (id) REFERENCES «shared».users (id))",
        "CREATE TABLE §a (id INT REFERENCES items (id), CHECK (id > 1), b INT GENERATED ALWAYS AS (id + 1) STORED, c SET('x', 'y'))",
        "CREATE TABLE «shared».a (id INT, FOREIGN KEY (id) REFERENCES users (id))",
        "CREATE OR REPLACE TABLE §items (id INT) ENGINE = InnoDB COMMENT = 'FROM orders'",
        "CREATE TABLE §a LIKE §items",
        "CREATE TABLE §a (LIKE «shared».users)",
        "CREATE TABLE §a AS SELECT * FROM §items",
        "CREATE TABLE §a (id INT) SELECT * FROM §items, «shared».countries",
        "CREATE TABLE §a ENGINE = InnoDB IGNORE AS (SELECT id FROM §items) UNION (SELECT id FROM §orders)",
        "CREATE TABLE §a WITH c AS (SELECT 1) SELECT * FROM c",
        "CREATE TABLE §a (id INT) WITH SYSTEM VERSIONING",
        "CREATE TABLE §a (id INT) PARTITION BY RANGE (id) (PARTITION p VALUES LESS THAN (10), PARTITION q VALUES LESS THAN MAXVALUE)",
        "CREATE TABLE §a (id INT) PARTITION BY LIST (id) (PARTITION p VALUES IN (1, 2))",
        "CREATE TABLE §a (x INT) ENGINE = MERGE UNION = ()",
        "ALTER TABLE §items ADD COLUMN a INT AFTER id, RENAME COLUMN price TO cost, RENAME INDEX description TO b",
        "ALTER TABLE §orders RENAME §a",
        "ALTER TABLE §orders RENAME TO «shared».a, COMMENT 'x'",
        "ALTER TABLE §items RENAME AS §a, ADD b INT",
        "ALTER ONLINE TABLE §orders ADD c INT",
        "ALTER TABLE §items ADD FOREIGN KEY (id) REFERENCES «shared».users (id), ADD UNIQUE KEY a (price)",
        "ALTER TABLE §history ADD CONSTRAINT a FOREIGN KEY (id) REFERENCES items (id)",
        "ALTER TABLE §items ALTER price SET DEFAULT 1, CONVERT TO CHARACTER SET utf8mb4",
        "ALTER TABLE §orders TRUNCATE PARTITION p0",
        "RENAME TABLE §items TO §a, §orders TO «shared».b",
        "RENAME TABLE §items WAIT 1 TO §a",
        "TRUNCATE TABLE §orders",
        "TRUNCATE «shared».users",
        "DROP TABLE IF EXISTS §items, «shared».users, §nope CASCADE",
        "DROP TABLE §history",
    ]);
    check_texts(&[
        "CREATE TABLE §a (id INT) ENGINE = MERGE UNION = (§b, «shared».c) INSERT_METHOD = LAST",
        "DROP INDEX a ON §b ALGORITHM = INPLACE LOCK = NONE",
        "ALTER TABLE §orders CONVERT PARTITION p0 TO TABLE §a",
        "ALTER TABLE §a EXCHANGE PARTITION p WITH TABLE §b",
        "ALTER TABLE §a CONVERT TABLE §b TO PARTITION p VALUES LESS THAN (10)",
        "CREATE TABLE §a AS VALUES ROW(1, 2)",
    ]);
}

#[test]
fn temporary_tables_stay_on_the_session() {
    check_texts(&[
        "CREATE TEMPORARY TABLE §a (id INT)",
        "CREATE TEMPORARY TABLE §a AS SELECT * FROM §items",
        "DROP TEMPORARY TABLE §a",
    ]);
}

#[test]
fn indexes_views_and_sequences() {
    check_by_running(&[
        "CREATE INDEX a ON §items (price)",
        "CREATE UNIQUE INDEX IF NOT EXISTS a USING BTREE ON §orders (id) COMMENT 'x'",
        "CREATE FULLTEXT INDEX a ON §items (description)",
        "DROP INDEX by_item ON §orders",
        "DROP INDEX IF EXISTS a ON §orders",
        "CREATE VIEW §a AS SELECT items.id, users.name FROM §items, «shared».users",
        "CREATE OR REPLACE ALGORITHM = MERGE DEFINER = `root`@`localhost` SQL SECURITY INVOKER VIEW §cheap (x) AS SELECT items.id FROM §items WITH CASCADED CHECK OPTION",
        "CREATE VIEW IF NOT EXISTS §a AS WITH items AS (SELECT 1) SELECT * FROM items, §orders",
        "CREATE DEFINER = CURRENT_USER() VIEW «shared».a AS (SELECT 1) UNION (SELECT «shared».users.id FROM «shared».users)",
        "ALTER VIEW §cheap AS SELECT 1 FROM §orders",
        "ALTER ALGORITHM = UNDEFINED VIEW §cheap AS SELECT 1 FROM §orders",
        "DROP VIEW IF EXISTS §cheap RESTRICT",
        "CREATE SEQUENCE §a START WITH 1 INCREMENT BY 2",
        "CREATE OR REPLACE SEQUENCE «shared».a CACHE 10",
        "ALTER SEQUENCE IF EXISTS §numbers RESTART 5",
        "DROP SEQUENCE §numbers",
    ]);
}

#[test]
fn tables_are_checked() {
    check_by_running(&[
        "ANALYZE TABLE §items, «shared».users",
        "ANALYZE LOCAL TABLE §items PERSISTENT FOR COLUMNS (price) INDEXES (), §orders",
        "CHECK TABLE §items EXTENDED",
        "CHECKSUM TABLE §items, §orders QUICK",
        "OPTIMIZE NO_WRITE_TO_BINLOG TABLE §orders",
        "REPAIR TABLE §history",
        "CHECK VIEW §cheap",
    ]);
}
