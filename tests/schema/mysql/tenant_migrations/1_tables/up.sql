CREATE TABLE items (
    id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    tiny TINYINT NOT NULL,
    tiny_unsigned TINYINT UNSIGNED NOT NULL,
    small SMALLINT,
    small_unsigned SMALLINT UNSIGNED,
    medium MEDIUMINT,
    big BIGINT,
    big_unsigned BIGINT UNSIGNED,
    price DECIMAL(10, 2) NOT NULL DEFAULT 0,
    doubled DECIMAL(11, 2) AS (price * 2) STORED,
    weight FLOAT,
    volume DOUBLE,
    size ENUM('S', 'M', 'L') NOT NULL,
    colours SET('red', 'green')
);

CREATE TABLE orders (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    user_id BIGINT UNSIGNED NOT NULL,
    item_id INT UNSIGNED NOT NULL,
    flags BIT(8),
    code CHAR(3),
    note TEXT,
    photo MEDIUMBLOB,
    hash BINARY(4),
    day DATE,
    at_time TIME,
    ordered DATETIME(6),
    changed TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
    `year` YEAR,
    FOREIGN KEY (user_id) REFERENCES public.users (id),
    FOREIGN KEY (item_id) REFERENCES items (id)
);

CREATE TABLE places (id INT NOT NULL PRIMARY KEY, place POINT);
CREATE TABLE keyless (a INT);
CREATE VIEW dear_items AS SELECT id, price FROM items WHERE price > 1000;
