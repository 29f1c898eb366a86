//! What holds for every text, tried on random ones.

use diesel_tenants_translate::{Dialect, SchemaTranslateMap, Template, statements_for};

use super::{map, name, random::Random};

#[rustfmt::skip]
const TOKENS: &[&str] = &[
    "SELECT", "FROM", "WHERE", "JOIN", "LEFT", "STRAIGHT_JOIN", "ON", "USING", "WITH", "RECURSIVE", "AS", "INSERT", "INTO", "IGNORE",
    "VALUES", "VALUE", "UPDATE", "SET", "DELETE", "REPLACE", "DUPLICATE", "KEY", "RETURNING", "UNION", "ORDER", "BY", "LIMIT", "CASE",
    "WHEN", "THEN", "ELSE", "END", "OVER", "WINDOW", "PARTITION", "CREATE", "TEMPORARY", "TABLE", "TABLES", "VIEW", "INDEX", "TRIGGER",
    "PROCEDURE", "FUNCTION", "EVENT", "FOR", "EACH", "ROW", "BEFORE", "BEGIN", "DO", "IF", "REPEAT", "UNTIL", "DECLARE", "ALTER", "RENAME",
    "TO", "DROP", "NOT", "EXISTS", "USE", "FORCE", "IN", "IS", "BETWEEN", "AND", "LIKE", "CAST", "COLLATE", "INTERVAL", "DAY", "MATCH",
    "AGAINST", "DUAL", "LOCK", "SHOW", "DESCRIBE", "ANALYZE", "EXPLAIN", "NEXT", "REFERENCES", "LATERAL", "JSON_TABLE", "oj", "orders",
    "users", "shared", "1a", "`users`", "'users'", "\"users\"", "x", "f", "(", "(", "(", ")", ")", ")", "{", "}", ",", ",", ".", ".", ";",
    "*", "=", ":=", ":", "->", "||", "-", "!", "--", "#", "/*", "*/", "/*!", "'a'", "x'00'", "_utf8", "?", "@a", "@@b", "1", "1.5", "1e1",
    "\"", "'", "`", "\n", "\\", "é", "\u{1}", "\0", "$a$",
];

const STATEMENTS: &[&str] = &[
    "SELECT orders.id FROM orders",
    "SELECT users.* , shared.users.id FROM users, shared.users WHERE users.x IN ( 1, 2 )",
    "WITH orders AS ( SELECT 1 ) SELECT * FROM orders JOIN shared.users ON true",
    "INSERT IGNORE INTO orders ( a ) SELECT 1 ON DUPLICATE KEY UPDATE a = VALUES ( a )",
    "DELETE orders FROM orders , users",
    "CREATE TRIGGER a BEFORE INSERT ON orders FOR EACH ROW BEGIN DELETE FROM users ; END",
    "CREATE TABLE a ( b INT REFERENCES shared.users ( id ) ) AS SELECT * FROM orders",
    "RENAME TABLE orders TO users",
    "SHOW TABLES",
    "SELECT * FROM .orders, 1a",
];

fn soup(random: &mut Random) -> String {
    let mut sql = String::new();
    for _ in 0..random.below(30) {
        sql.push_str(match random.one_in(10) {
            true => random.pick(STATEMENTS),
            false => random.pick(TOKENS),
        });
        if !random.one_in(4) {
            sql.push(' ');
        }
    }
    sql
}

fn check(sql: &str) {
    let Ok(template) = Template::analyse_for(Dialect::Mysql, sql) else {
        return;
    };
    let pinned = SchemaTranslateMap::new().with("shared", name("shared"));
    if let Ok(same) = template.render(sql, &pinned) {
        assert_eq!(same, sql, "the identity changes nothing");
    }
    let mark = name("only here");
    let tenant = template.render(sql, &SchemaTranslateMap::tenant(mark)).unwrap();
    let squeezed = |text: &str| text.split_ascii_whitespace().collect::<String>();
    let without = squeezed(&tenant)
        .replace("`onlyhere`.", "")
        .replace("FROM`onlyhere`", "");
    let bare = squeezed(sql);
    assert_eq!(
        without.replace('.', ""),
        bare.replace('.', ""),
        "the output without its insertions is the input"
    );
    let once = template.render(sql, &map()).unwrap();
    let twice = map()
        .translate_for(Dialect::Mysql, &once)
        .unwrap_or_else(|error| panic!("{sql}\nbecame\n{once}\n{error}"));
    assert_eq!(twice, once, "a translated text needs no translation");
    let mut together = String::new();
    let mut copied = 0;
    for range in statements_for(Dialect::Mysql, sql).expect("a text that was analysed") {
        together.push_str(&sql[copied..range.start]);
        together.push_str(&map().translate_for(Dialect::Mysql, &sql[range.clone()]).unwrap());
        copied = range.end;
    }
    together.push_str(&sql[copied..]);
    assert_eq!(
        together, once,
        "each statement alone becomes what it becomes among others"
    );
}

#[test]
fn of_token_soups() {
    let mut random = Random(1);
    for _ in 0..30_000 {
        check(&soup(&mut random));
    }
}

#[test]
fn of_broken_statements() {
    let mut random = Random(2);
    for _ in 0..30_000 {
        check(&random.mutant(STATEMENTS, TOKENS));
    }
}

#[test]
fn of_arbitrary_bytes() {
    let mut random = Random(3);
    for _ in 0..10_000 {
        let bytes: Vec<_> = (0..random.below(60)).map(|_| random.below(256) as u8).collect();
        check(&String::from_utf8_lossy(&bytes));
    }
}
