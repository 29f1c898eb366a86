//! What is an error: what reaches beyond the schemas or can't be seen, and what is not understood.

use super::map;
use diesel_tenants_translate::{Dialect, SchemaTranslateMap, TranslateError};

fn refused(cases: &[&str]) {
    for sql in cases {
        let translated = map().translate_for(Dialect::Mysql, sql);
        assert!(
            matches!(
                translated,
                Err(TranslateError::NotUnderstood { .. } | TranslateError::Unterminated { .. })
            ),
            "{sql}: {translated:?}"
        );
    }
}

#[test]
fn what_concerns_the_whole_server_or_other_schemas() {
    refused(&[
        "USE client2",
        "CREATE DATABASE a",
        "CREATE OR REPLACE SCHEMA a",
        "ALTER DATABASE a CHARACTER SET utf8mb4",
        "DROP DATABASE client2",
        "DROP SCHEMA IF EXISTS client2",
        "CREATE USER a",
        "DROP USER a",
        "RENAME USER a TO b",
        "GRANT SELECT ON *.* TO a",
        "REVOKE SELECT ON a FROM b",
        "CREATE ROLE a",
        "SET PASSWORD = 'a'",
        "SET DEFAULT ROLE a",
        "SET GLOBAL a = 1",
        "SET @@global.a = 1",
        "SET SESSION a = 1, PERSIST b = 2",
        "CREATE SERVER a FOREIGN DATA WRAPPER mysql OPTIONS (HOST 'b')",
        "CREATE FUNCTION a RETURNS STRING SONAME 'b.so'",
        "INSTALL PLUGIN a SONAME 'b'",
        "FLUSH TABLES",
        "FLUSH TABLES a WITH READ LOCK",
        "RESET QUERY CACHE",
        "PURGE BINARY LOGS TO 'a'",
        "CHANGE MASTER TO MASTER_HOST = 'a'",
        "START SLAVE",
        "STOP REPLICA",
        "SHUTDOWN",
        "KILL 1",
        "XA START 'a'",
        "BACKUP STAGE START",
        "LOCK INSTANCE FOR BACKUP",
        "BINLOG 'a'",
        "CACHE INDEX a IN b",
        "LOAD INDEX INTO CACHE a",
        "SHOW CREATE USER a",
    ]);
}

#[test]
fn what_can_not_be_seen_or_has_no_schema() {
    refused(&[
        "PREPARE a FROM 'SELECT 1'",
        "EXECUTE a",
        "EXECUTE IMMEDIATE 'SELECT 1'",
        "DEALLOCATE PREPARE a",
        "DROP PREPARE a",
        "HANDLER a OPEN",
        "HANDLER a READ FIRST",
        "LOAD DATA INFILE 'a' INTO TABLE b",
        "LOAD DATA LOCAL INFILE 'a' INTO TABLE b",
        "LOAD XML INFILE 'a' INTO TABLE b",
        "SELECT * FROM a INTO OUTFILE 'b'",
        "SELECT a INTO DUMPFILE 'b' FROM c",
        "BEGIN NOT ATOMIC SELECT 1; END",
        "IF 1 THEN SELECT 1; END IF",
        "DELIMITER //",
        "HELP 'a'",
        "CREATE PROCEDURE a () EXECUTE IMMEDIATE 'SELECT 1'",
        "CREATE TRIGGER a BEFORE INSERT ON b FOR EACH ROW SET sql_mode = 'ANSI_QUOTES'",
    ]);
}

#[test]
fn settings_after_which_texts_would_be_read_otherwise() {
    refused(&[
        "SET sql_mode = 'ANSI_QUOTES'",
        "SET SESSION sql_mode = CONCAT(@@sql_mode, ',ANSI_QUOTES')",
        "SET @@sql_mode := 'STRICT_TRANS_TABLES,NO_BACKSLASH_ESCAPES'",
        "SET @a = 1, `sql_mode` = DEFAULT",
        "SET @@session.sql_mode = @a",
        "SET @@local.`sql_mode` = 'oracle'",
        "SET STATEMENT sql_mode = 'ANSI_QUOTES' FOR SELECT \"a\"",
        "SET NAMES gbk",
        "SET NAMES 'latin1'",
        "SET NAMES DEFAULT",
        "SET CHARACTER SET sjis",
        "SET character_set_client = gbk",
        "SET @@character_set_connection = big5",
    ]);
}

#[test]
fn what_is_no_statement_of_either_server() {
    refused(&[
        "SELECT",
        "SELECT * FROM",
        "SELECT * FROM a b c",
        "SELECT * FROM a.b.c",
        "SELECT a.b.c.d FROM a",
        "SELECT a.b.c() FROM a",
        "SELECT * FROM a WHERE",
        "SELECT (1 FROM a",
        "SELECT 1) FROM a",
        "SELECT * FROM a JOIN",
        "SELECT * FROM a LEFT b",
        "SELECT * FROM \"a\"",
        "SELECT * FROM 'a'",
        "WITH a SELECT 1",
        "WITH a AS SELECT 1",
        "INSERT INTO a",
        "INSERT OR IGNORE INTO a VALUES (1)",
        "INSERT INTO a VALUES (1) ON CONFLICT DO NOTHING",
        "UPDATE a",
        "UPDATE a SET b.c.d.e = 1",
        "DELETE a",
        "DELETE FROM a, b WHERE 1",
        "CREATE TABLE a (b",
        "CREATE TABLE a (b INT, CHECK (b IN (SELECT 1 FROM c)))",
        "CREATE INDEX a (b)",
        "CREATE TRIGGER a AFTER INSERT ON b SELECT 1",
        "CREATE TRIGGER a AFTER INSERT ON b FOR EACH ROW BEGIN SELECT 1;",
        "CREATE PROCEDURE a () BEGIN SELECT 1 END",
        "CREATE PROCEDURE a () IF 1 THEN SELECT 1; END",
        "ALTER a",
        "DROP a",
        "COPY a FROM stdin",
        "VACUUM a",
        "SELECT a::text FROM b",
        "SELECT a || FROM b",
        "SELECT [a] FROM b",
        "SELECT $1 FROM b $a$",
        "SELECT x'0G' FROM a",
        "SELECT 'a FROM b",
        "SELECT 'a\\' FROM b",
        "SELECT \"a FROM b",
        "SELECT `a FROM b",
        "SELECT @ FROM b",
        "SELECT @@ FROM b",
        "SELECT * FROM a }",
        "SELECT 1\0 FROM a",
        "\u{feff}SELECT 1",
        "SELECT * FROM a /*",
        "SELECT * FROM a /* /*",
        "WITH É AS (SELECT 1) SELECT * FROM é",
    ]);
}

#[test]
fn nesting_is_limited() {
    let nested = |depth: usize| format!("SELECT {}1{}", "(".repeat(depth), ")".repeat(depth));
    assert!(map().translate_for(Dialect::Mysql, &nested(100)).is_ok());
    let deep = [
        nested(100_000),
        format!("SELECT {}", "(SELECT ".repeat(100_000)),
        format!("SELECT * FROM {}a", "(".repeat(100_000)),
        format!("SELECT * FROM {}a", "{oj ".repeat(100_000)),
        format!("SELECT {}", "CASE ".repeat(100_000)),
        format!("SELECT {}", "f(".repeat(100_000)),
        format!("SELECT {}", "INTERVAL ".repeat(100_000)),
        "WITH a AS (".repeat(100_000),
        format!("CREATE PROCEDURE a () {}", "BEGIN ".repeat(100_000)),
        format!("CREATE TABLE a {}", "(".repeat(100_000)),
        "SET STATEMENT a = 1 FOR ".repeat(100_000),
        "EXPLAIN ".repeat(100_000),
    ];
    for sql in &deep {
        assert!(map().translate_for(Dialect::Mysql, sql).is_err());
    }
    let long = format!("SELECT {} 1 FROM orders", "- NOT 1 + ".repeat(100_000));
    assert!(map().translate_for(Dialect::Mysql, &long).is_ok());
}

#[test]
fn a_tenants_table_without_a_tenant_is_named() {
    let shared = SchemaTranslateMap::new();
    for (sql, table) in [
        ("SELECT * FROM `Odd name`", "Odd name"),
        ("DROP TABLE `a``b`", "a`b"),
        ("SELECT * FROM .select", "select"),
        ("CREATE VIEW v AS SELECT 1", "v"),
    ] {
        match shared.translate_for(Dialect::Mysql, sql) {
            Err(TranslateError::TenantRequired { table: named, .. }) => assert_eq!(named, table),
            other => panic!("{sql}: {other:?}"),
        }
    }
    assert!(shared.translate_for(Dialect::Mysql, "SHOW TABLES").is_err());
    let symbolic = SchemaTranslateMap::new().with_symbolic("tenant");
    match symbolic.translate_for(Dialect::Mysql, "SELECT * FROM tenant.`a b`") {
        Err(TranslateError::TenantRequired { table, .. }) => assert_eq!(table, "tenant.a b"),
        other => panic!("{other:?}"),
    }
    for sql in [
        "SELECT * FROM shared.users",
        "SELECT * FROM information_schema.tables",
        "SELECT 1 FROM DUAL",
        "START TRANSACTION",
        "SHOW DATABASES",
    ] {
        assert_eq!(shared.translate_for(Dialect::Mysql, sql).unwrap(), sql);
    }
}
