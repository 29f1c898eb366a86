use super::*;

async fn refused(world: &World, tenant: &SchemaName, sql: &str) -> String {
    let before = world.dump(tenant);
    let error = failure(world, tenant, &[("01_x", sql)]).await;
    assert_same(&world.dump(tenant), &before, sql);
    assert!(error.contains("migration 01_x"), "{sql}: {error}");
    error
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_database_and_a_change_of_the_shared_one_are_refused_before_anything_runs() {
    let (world, tenant) = store().await;
    let shared = world.shared();
    for sql in [
        "CREATE TABLE other.a (b INT)",
        "SELECT 1; INSERT INTO a SELECT * FROM other.b",
        "SELECT * FROM mysql.user",
        "CREATE VIEW v AS SELECT * FROM other.b",
    ] {
        let error = refused(&world, &tenant, sql).await;
        assert!(error.contains("names the database"), "{sql}: {error}");
    }
    for sql in [
        "CREATE TABLE shared.z (id INT)",
        "CREATE TABLE IF NOT EXISTS shared.z AS SELECT 1",
        "CREATE INDEX i ON shared.users (id)",
        "CREATE VIEW shared.v AS SELECT 1",
        "CREATE TRIGGER t BEFORE INSERT ON shared.users FOR EACH ROW SET NEW.id = 1",
        "ALTER TABLE shared.users ADD COLUMN x INT",
        "DROP TABLE shared.users",
        "RENAME TABLE shared.users TO users",
        "TRUNCATE shared.users",
        "INSERT INTO shared.users VALUES (2, 'Bob')",
        "REPLACE INTO shared.users SELECT * FROM a",
        "UPDATE shared.users SET name = 'x'",
        "UPDATE a JOIN shared.users u ON u.id = a.b SET u.name = 'x'",
        "UPDATE a, (shared.users) SET a.b = 1",
        "DELETE FROM shared.users",
        "DELETE shared.users FROM a JOIN shared.users ON shared.users.id = a.b",
        "WITH x AS (SELECT 1) DELETE FROM shared.users",
        "OPTIMIZE TABLE shared.users",
    ] {
        let sql = sql.replace("shared", shared);
        let error = refused(&world, &tenant, &sql).await;
        assert!(error.contains(&format!("would change `{shared}`")), "{sql}: {error}");
    }
    assert_eq!(
        world
            .number(&format!("SELECT COUNT(*) AS number FROM {shared}.users"))
            .await,
        1
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_would_make_the_record_wrong_is_refused_with_what_to_do() {
    let (world, tenant) = store().await;
    for (sql, reason) in [
        (
            "BEGIN; CREATE TABLE a (b INT); COMMIT",
            "each statement is recorded for itself",
        ),
        ("SET autocommit = 0", "each statement is recorded for itself"),
        ("SET @@session.autocommit = 0", "each statement is recorded for itself"),
        (
            "SET SESSION TRANSACTION READ ONLY",
            "each statement is recorded for itself",
        ),
        ("SAVEPOINT a", "each statement is recorded for itself"),
        (
            "DELIMITER //\nCREATE PROCEDURE p() BEGIN SELECT 1; END//",
            "not of the server",
        ),
        (
            "CREATE TABLE a (b INT); CREATE TEMPORARY TABLE t (b INT)",
            "in a migration of its own",
        ),
        ("CREATE TABLE a (b INT); SELECT 1 INTO @b", "in a migration of its own"),
        (
            "CREATE TABLE a (b INT); INSERT INTO a VALUES (LAST_INSERT_ID())",
            "in a migration of its own",
        ),
        (
            "CREATE TABLE a (b INT); LOCK TABLES a WRITE",
            "in a migration of its own",
        ),
        ("USE mysql", "USE would give the connection a default database"),
        ("PREPARE x FROM 'SELECT 1'", "can't be seen"),
        ("EXECUTE IMMEDIATE 'SELECT 1'", "can't be seen"),
        ("LOAD DATA INFILE 'x' INTO TABLE a", "may not read a file"),
        ("GRANT ALL ON *.* TO x", "begins with this word"),
        ("CREATE DATABASE x", "concerns the whole server"),
        ("SET GLOBAL max_connections = 5", "concerns the whole server"),
        ("/*!50000 CREATE TABLE a (b INT) */", "a comment with code"),
    ] {
        let error = refused(&world, &tenant, sql).await;
        assert!(error.contains(reason), "{sql}: {error}");
    }
    let error = failure(&world, &tenant, &[("01_x", "SELECT 1;\n\nBEGIN")]).await;
    assert!(
        error.starts_with("migration 01_x, at line 3: `BEGIN` is refused"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reading_the_shared_database_is_allowed_everywhere() {
    let (world, tenant) = store().await;
    let shared = world.shared();
    let text = format!(
        "CREATE TABLE a (b INT, c INT, FOREIGN KEY (b) REFERENCES {shared}.users (id));
         CREATE TABLE copy LIKE {shared}.users;
         CREATE TABLE same AS SELECT * FROM {shared}.users;
         INSERT INTO a SELECT id, 1 FROM {shared}.users;
         INSERT INTO a (b, c) VALUES (1, (SELECT COUNT(*) FROM {shared}.users));
         UPDATE a SET c = (SELECT MAX(id) FROM {shared}.users) WHERE b IN (SELECT id FROM {shared}.users);
         DELETE FROM a WHERE b NOT IN (SELECT id FROM {shared}.users);
         WITH u AS (SELECT id FROM {shared}.users) SELECT * FROM u;
         ALTER TABLE a ADD CONSTRAINT other FOREIGN KEY (c) REFERENCES {shared}.users (id);
         CREATE FUNCTION users_named(n TEXT) RETURNS INT READS SQL DATA RETURN (SELECT COUNT(*) FROM {shared}.users \
             WHERE name = n);
         SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE();
         SET @n = (SELECT COUNT(*) FROM {shared}.users)"
    );
    migrate(&world, &tenant, &[("01_x", &text)]).await.unwrap();
    let count = world
        .number(&format!("SELECT {tenant}.users_named('Ada') AS number"))
        .await;
    assert_eq!(count, 1);
}
