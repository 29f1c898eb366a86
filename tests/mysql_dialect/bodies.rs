//! Triggers, routines and events. The bare names of their bodies are in the database of the object.

use super::{check_by_running, check_texts, oracle, translate};

#[test]
fn triggers() {
    check_by_running(&[
        "CREATE TRIGGER §a BEFORE INSERT ON §items FOR EACH ROW SET NEW.price = (SELECT max(id) FROM orders)",
        "CREATE OR REPLACE DEFINER = root@localhost TRIGGER §a AFTER DELETE ON §orders FOR EACH ROW DELETE FROM items WHERE id = OLD.item_id",
        "CREATE TRIGGER IF NOT EXISTS «shared».a AFTER UPDATE ON «shared».users FOR EACH ROW INSERT INTO countries VALUES ('a', NEW.name)",
        "CREATE TRIGGER §a AFTER INSERT ON §orders FOR EACH ROW BEGIN
            IF NEW.id > 1 THEN UPDATE items SET price = 0; ELSEIF NEW.id = 1 THEN SET @a = 1; ELSE DELETE FROM items; END IF;
            INSERT INTO «shared».users (name) VALUES ('x');
        END",
        "DROP TRIGGER IF EXISTS §a",
    ]);
    let mut oracle = oracle::lock();
    oracle.prepare(&["CREATE TRIGGER a BEFORE INSERT ON items FOR EACH ROW SET @a = 1"]);
    oracle.does_the_same(
        "CREATE TRIGGER b BEFORE INSERT ON items FOR EACH ROW FOLLOWS a SET @a = 2",
        &translate("CREATE TRIGGER b BEFORE INSERT ON items FOR EACH ROW FOLLOWS a SET @a = 2"),
    );
    oracle.reset();
}

#[test]
fn routines() {
    check_by_running(&[
        "CREATE PROCEDURE §a () SELECT * FROM items",
        "CREATE FUNCTION §a (x VARCHAR(10) CHARACTER SET utf8mb4) RETURNS SET('a', 'b') DETERMINISTIC READS SQL DATA RETURN (SELECT max(id) FROM orders)",
        "CREATE DEFINER = CURRENT_USER PROCEDURE IF NOT EXISTS §a (IN x INT, OUT y INT) SQL SECURITY INVOKER COMMENT 'b' top: BEGIN
            DECLARE v, w INT DEFAULT (SELECT max(id) FROM items);
            DECLARE r ROW TYPE OF items;
            DECLARE cur CURSOR FOR SELECT id FROM orders WHERE id IN (SELECT id FROM «shared».users);
            DECLARE CONTINUE HANDLER FOR NOT FOUND, SQLSTATE '23000' SET w = 1;
            DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;
            OPEN cur;
            again: LOOP
                FETCH cur INTO v;
                IF w THEN LEAVE again; END IF;
                CASE v WHEN 1 THEN DELETE FROM items; ELSE SELECT CASE 1 WHEN 1 THEN IF(1, 2, 3) END; END CASE;
                CASE WHEN v IS NULL THEN ITERATE again; END CASE;
            END LOOP again;
            CLOSE cur;
            REPEAT SET v = v + 1; UNTIL v > 3 END REPEAT;
            WHILE v < 9 DO SET v = v + 1; END WHILE;
            FOR rec IN (SELECT id FROM orders) DO INSERT INTO items (id) VALUES (rec.id); END FOR;
            FOR i IN 1..10 DO SET v = i; END FOR;
            FOR i IN REVERSE v .. w + 1 DO SET v = 1.5; END FOR;
            GET DIAGNOSTICS v = NUMBER;
            SELECT v INTO y;
            DELETE i FROM items i JOIN orders o;
            SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'c';
        END top",
        "CREATE PROCEDURE «shared».a () BEGIN END",
    ]);
    let mut oracle = oracle::lock();
    oracle.prepare(&[
        "CREATE PROCEDURE p (x INT) SELECT x FROM orders",
        "CREATE FUNCTION f () RETURNS INT RETURN 1",
    ]);
    for sql in [
        "CALL p(1)",
        "CALL p((SELECT max(id) FROM items))",
        "ALTER PROCEDURE p COMMENT 'a'",
        "SHOW CREATE FUNCTION f",
        "DROP PROCEDURE p",
    ] {
        let translated = translate(sql);
        oracle
            .run(&translated)
            .unwrap_or_else(|error| panic!("{sql}\n{translated}\n{error:?}"));
    }
    // A schema that is written leads to the function; a bare name is the server's own, or an error.
    assert_eq!(oracle.run("SELECT `client1`.f()"), Ok(vec![vec!["1".to_owned()]]));
    assert!(oracle.run(&translate("SELECT f()")).is_err());
    oracle.reset();
    check_texts(&[
        "SELECT «shared».f(1), «`shared`».`g`((SELECT 1 FROM §items)) FROM §orders",
        "CALL «shared».p(1)",
        "CALL §p",
        "DROP FUNCTION IF EXISTS §f",
    ]);
}

#[test]
fn events() {
    check_by_running(&[
        "CREATE EVENT §a ON SCHEDULE EVERY 1 DAY STARTS NOW() + INTERVAL 1 DAY ON COMPLETION PRESERVE DISABLE COMMENT 'x' DO DELETE FROM orders",
        "CREATE EVENT IF NOT EXISTS §a ON SCHEDULE AT NOW() + INTERVAL 1 DAY DO BEGIN DELETE FROM orders; DELETE FROM «shared».users; END",
    ]);
    check_texts(&[
        "ALTER EVENT §a ON SCHEDULE EVERY 2 HOUR RENAME TO §b DO DELETE FROM items",
        "ALTER DEFINER = root@localhost EVENT «shared».a ENABLE",
        "DROP EVENT §a",
    ]);
}

#[test]
fn what_a_body_does_it_does_not_do_when_it_is_created() {
    use diesel_tenants_translate::{Dialect, Template};

    let template = Template::analyse_for(
        Dialect::Mysql,
        "CREATE PROCEDURE a () BEGIN SET @a = 1; START TRANSACTION; DO GET_LOCK('a', 1); END",
    );
    assert!(!template.unwrap().affects_session());
}
