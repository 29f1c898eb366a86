//! Bytes from the fuzzer to SQL text.

/// Words of the grammar, names, and pieces of tokens: what a byte of structured input stands for.
#[rustfmt::skip]
const WORDS: &[&str] = &[
    "SELECT", "FROM", "WHERE", "JOIN", "LEFT JOIN", "CROSS JOIN", "NATURAL JOIN", "ON", "USING", "AS", "WITH", "RECURSIVE",
    "INSERT INTO", "VALUES", "DEFAULT VALUES", "UPDATE", "SET", "DELETE FROM", "MERGE INTO", "WHEN MATCHED THEN", "WHEN NOT MATCHED THEN",
    "RETURNING", "ON CONFLICT", "DO UPDATE SET", "DO NOTHING", "UNION", "INTERSECT ALL", "EXCEPT", "ORDER BY", "GROUP BY", "HAVING",
    "LIMIT", "OFFSET", "FETCH FIRST ROW ONLY", "FOR UPDATE OF", "FOR SHARE", "LATERAL", "ONLY", "TABLE", "INTO", "DISTINCT ON", "ALL",
    "IS NOT DISTINCT FROM", "IS", "NULL", "NOT", "EXISTS", "IN", "CASE", "WHEN", "THEN", "ELSE", "END", "CAST", "COLLATE", "COLLATION FOR",
    "EXTRACT", "year FROM", "TRIM", "BOTH", "SUBSTRING", "OVERLAY", "PLACING", "POSITION", "TABLESAMPLE", "REPEATABLE", "WITH ORDINALITY",
    "ROWS FROM", "XMLTABLE", "JSON_TABLE", "COLUMNS", "WINDOW", "OVER", "FILTER", "WITHIN GROUP", "MATERIALIZED", "SEARCH", "CYCLE",
    "CREATE TABLE", "CREATE TEMP TABLE", "CREATE VIEW", "CREATE RECURSIVE VIEW", "CREATE INDEX", "CREATE TRIGGER", "CREATE POLICY",
    "CREATE RULE", "CREATE SEQUENCE", "CREATE FUNCTION", "CREATE SCHEMA", "CREATE PUBLICATION", "CREATE STATISTICS", "BEGIN ATOMIC",
    "ALTER TABLE", "ALTER PUBLICATION", "ADD", "DROP", "DROP TABLE", "DROP TRIGGER", "IF EXISTS", "IF NOT EXISTS", "RENAME TO", "ATTACH PARTITION",
    "PARTITION OF", "REFERENCES", "LIKE", "INHERITS", "OWNED BY", "COMMENT ON TABLE", "COMMENT ON COLUMN", "COMMENT ON CONSTRAINT", "GRANT",
    "REVOKE", "TO", "TRUNCATE", "LOCK", "COPY", "VACUUM", "ANALYZE", "CLUSTER", "REINDEX", "EXPLAIN", "DECLARE", "FOR", "PREPARE", "EXECUTE",
    "REFRESH MATERIALIZED VIEW", "DO", "ALSO", "INSTEAD", "BEGIN", "COMMIT", "CONSTRAINT", "FOREIGN KEY", "PRIMARY KEY", "CHECK", "DEFAULT",
    "GENERATED ALWAYS AS", "ARRAY", "ROW", "ANY", "AND", "OR", "OPERATOR", "VARIADIC", "INTERVAL", "timestamp with time zone", "current_date",
    "orders", "items", "public", "shared", "\"orders\"", "\"Orders\"", "Orders", "\"a\"\"b\"", "U&\"\\006frders\"", "U&\"!006frders\" UESCAPE '!'",
    "größe", "pg_class", "information_schema", "tables", "pg_temp", "o", "c", "id", "excluded", "old", "new", "f", "count", "generate_series",
    "public.orders", "shared.orders", "orders.id", "public.orders.id", "orders.*", "id = 1",
    "'text'", "E'it\\'s'", "$$body$$", "$tag$ $$ $tag$", "U&'\\0061'", "B'01'", "N'x'", "'a'\n'b'", "1", "1.5e3", "0x1F", "1_000", "$1", "?",
    "-- comment\n", "/* comment */", "/* /* nested */ */", "/*", "*/", "'", "\"", "U&\"", "E'", "$a$", "--", "\\", "\0", "\u{1}",
    "(", ")", "[", "]", ",", ";", ".", "*", "::", ":", ":=", "=>", "=", "<>", "+", "-", "/", "||", "->>", "@>", "&&", "~",
];

/// What a byte of structured input stands for in SQLite's dialect.
#[rustfmt::skip]
const SQLITE_WORDS: &[&str] = &[
    "SELECT", "FROM", "WHERE", "JOIN", "LEFT JOIN", "NATURAL JOIN", "ON", "USING", "AS", "WITH", "RECURSIVE", "NOT MATERIALIZED", "INSERT INTO",
    "INSERT OR IGNORE INTO", "REPLACE INTO", "VALUES", "DEFAULT VALUES", "UPDATE", "UPDATE OR FAIL", "SET", "DELETE FROM", "RETURNING",
    "ON CONFLICT", "DO UPDATE SET", "DO NOTHING", "UNION ALL", "EXCEPT", "ORDER BY", "GROUP BY", "HAVING", "LIMIT", "OFFSET", "INDEXED BY",
    "NOT INDEXED", "DISTINCT", "IS NOT DISTINCT FROM", "IS", "NULL", "NOT", "EXISTS", "IN", "NOT IN", "BETWEEN", "AND", "LIKE", "ESCAPE",
    "CASE", "WHEN", "THEN", "ELSE", "END", "CAST", "COLLATE", "OVER", "FILTER", "WINDOW", "PARTITION BY", "ROWS BETWEEN", "UNBOUNDED PRECEDING",
    "CREATE TABLE", "CREATE TEMP TABLE", "CREATE VIEW", "CREATE TEMP VIEW", "CREATE UNIQUE INDEX", "CREATE TRIGGER", "CREATE VIRTUAL TABLE",
    "AFTER INSERT", "INSTEAD OF", "FOR EACH ROW", "BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "TO", "IF NOT EXISTS", "IF EXISTS", "WITHOUT ROWID",
    "ALTER TABLE", "RENAME TO", "ADD COLUMN", "DROP TABLE", "DROP INDEX", "ANALYZE", "REINDEX", "VACUUM", "ATTACH", "DETACH", "PRAGMA", "EXPLAIN",
    "EXPLAIN QUERY PLAN", "REFERENCES", "CHECK", "DEFAULT", "RAISE", "ABORT", "fts5", "user_version", "foreign_keys", "table_info",
    "orders", "\"orders\"", "[orders]", "`orders`", "'orders'", "Orders", "items", "main", "temp", "shared", "SHARED", "o", "id", "excluded", "new",
    "sqlite_master", "sqlite_temp_master", "pragma_table_info('orders')", "json_each('[]')", "generate_series(1, 2)", "count", "shared.orders",
    "orders.id", "shared.orders.id", "orders.*", "id = 1", "'text'", "x'00'", "1", "1.5e3", "0x1F", "?", "?1", ":a", "@a", "$a::b(c)",
    "-- comment\n", "/* comment */", "/*", "*/", "'", "\"", "`", "[", "]", "\\", "\0", "\u{1}", "\u{feff}",
    "(", ")", ",", ";", ".", "*", "=", "==", "<>", "+", "-", "||", "->>", "~", "%",
];

/// What a byte of structured input stands for in MySQL's dialect.
#[rustfmt::skip]
const MYSQL_WORDS: &[&str] = &[
    "SELECT", "FROM", "WHERE", "JOIN", "LEFT JOIN", "NATURAL JOIN", "STRAIGHT_JOIN", "ON", "USING", "AS", "WITH", "RECURSIVE", "INSERT INTO",
    "INSERT IGNORE", "REPLACE", "VALUES", "VALUE", "SET", "ON DUPLICATE KEY UPDATE", "UPDATE", "DELETE", "DELETE FROM", "RETURNING", "UNION ALL",
    "EXCEPT", "ORDER BY", "GROUP BY", "WITH ROLLUP", "HAVING", "LIMIT", "OFFSET", "FOR UPDATE", "OF", "SKIP LOCKED", "LOCK IN SHARE MODE", "INTO",
    "USE INDEX", "FORCE KEY FOR JOIN", "PARTITION", "FOR SYSTEM_TIME AS OF", "LATERAL", "JSON_TABLE", "COLUMNS", "DUAL", "oj", "DISTINCT",
    "STRAIGHT_JOIN", "IS NOT", "NULL", "NOT", "EXISTS", "IN", "ANY", "BETWEEN", "AND", "XOR", "DIV", "LIKE", "ESCAPE", "REGEXP", "SOUNDS LIKE",
    "CASE", "WHEN", "THEN", "ELSE", "END", "CAST", "EXTRACT", "TRIM", "SUBSTRING", "POSITION", "INTERVAL", "DAY", "MATCH", "AGAINST", "COLLATE",
    "OVER", "WINDOW", "PARTITION BY", "ROWS BETWEEN", "UNBOUNDED PRECEDING", "CREATE TABLE", "CREATE TEMPORARY TABLE", "CREATE VIEW",
    "CREATE TRIGGER", "CREATE PROCEDURE", "CREATE FUNCTION", "CREATE EVENT", "CREATE SEQUENCE", "CREATE INDEX", "DEFINER = a@b", "BEFORE INSERT ON",
    "FOR EACH ROW", "ON SCHEDULE EVERY", "DO", "RETURNS INT", "BEGIN", "END IF", "IF", "ELSEIF", "LOOP", "END LOOP", "WHILE", "END WHILE", "REPEAT",
    "UNTIL", "END REPEAT", "DECLARE", "HANDLER FOR", "CURSOR FOR", "LEAVE", "RETURN", "ALTER TABLE", "RENAME TO", "RENAME TABLE", "TO", "DROP TABLE",
    "IF EXISTS", "IF NOT EXISTS", "TRUNCATE", "ANALYZE TABLE", "SHOW TABLES", "SHOW COLUMNS FROM", "DESCRIBE", "EXPLAIN", "REFERENCES", "DEFAULT",
    "NEXT VALUE FOR", "NEXTVAL", "CALL", "START TRANSACTION", "COMMIT", "ROLLBACK", "SAVEPOINT", "LOCK TABLES", "READ", "SET NAMES", "utf8mb4",
    "sql_mode", "STATEMENT", "FOR", "orders", "`orders`", "items", "1a", "shared", "`shared`", "o", "id", "count", "shared.orders", ".orders",
    "orders.id", "shared.orders.id", "orders.*", "id = 1", "'text'", "\"text\"", "'a\\'b'", "_utf8'a'", "N'a'", "x'00'", "b'1'", "\\N", "1", "1.5e3", "1e1",
    "0x1F", "?", "@a", "@@b", ":=", ":", "-- comment\n", "# comment\n", "/* comment */", "/*+ hint */", "/*!", "/*", "*/", "--", "'", "\"", "`", "\\",
    "\0", "\u{1}", "\u{feff}", "(", ")", "{", "}", ",", ";", ".", "*", "=", "<=>", "&&", "||", "!", "->>", "+", "-", "~",
];

/// The text of MySQL's dialect that the fuzzer's bytes stand for, as [`sql`] has it for PostgreSQL's.
pub fn mysql(data: &[u8]) -> Option<String> {
    text(data, MYSQL_WORDS)
}

/// The text of SQLite's dialect that the fuzzer's bytes stand for, as [`sql`] has it for PostgreSQL's.
pub fn sqlite(data: &[u8]) -> Option<String> {
    text(data, SQLITE_WORDS)
}

/// The text that the fuzzer's bytes stand for. Its first byte chooses: raw text, in which a mutation of a byte is one
/// of a character; or one word for each byte, in which it is one of a word. Raw text has a dictionary of its own,
/// `dictionaries/sql.dict`.
pub fn sql(data: &[u8]) -> Option<String> {
    text(data, WORDS)
}

fn text(data: &[u8], words: &[&str]) -> Option<String> {
    let (&mode, rest) = data.split_first()?;
    if mode % 2 == 0 {
        return String::from_utf8(rest.to_vec()).ok();
    }
    let mut text = String::with_capacity(rest.len() * 6);
    for &byte in rest {
        if let Some(word) = words.get(usize::from(byte)) {
            text.push_str(word);
            // Some texts have no spaces at all, where tokens run into each other.
            if mode & 2 == 0 {
                text.push(' ');
            }
        } else {
            text.push(if byte % 2 == 0 { ' ' } else { '\n' });
        }
    }
    Some(text)
}
