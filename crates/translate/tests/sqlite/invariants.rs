//! What holds for every text, tried on random ones.

use diesel_tenants_translate::{Dialect, SchemaTranslateMap, Template, statements_for};

use super::{map, name, random::Random};

#[rustfmt::skip]
const TOKENS: &[&str] = &[
    "SELECT", "FROM", "WHERE", "JOIN", "LEFT", "ON", "USING", "WITH", "RECURSIVE", "AS", "INSERT", "INTO", "VALUES", "UPDATE", "SET",
    "DELETE", "REPLACE", "OR", "IGNORE", "CONFLICT", "DO", "NOTHING", "RETURNING", "UNION", "ORDER", "BY", "LIMIT", "CASE", "WHEN",
    "THEN", "END", "OVER", "FILTER", "WINDOW", "PARTITION", "CREATE", "TEMP", "TABLE", "VIEW", "INDEX", "TRIGGER", "VIRTUAL", "BEGIN",
    "ALTER", "RENAME", "DROP", "IF", "NOT", "EXISTS", "INDEXED", "IN", "IS", "DISTINCT", "BETWEEN", "AND", "LIKE", "ESCAPE", "CAST",
    "COLLATE", "PRAGMA", "user_version", "pragma_table_info", "ANALYZE", "VACUUM", "EXPLAIN", "orders", "users", "shared", "main", "temp",
    "\"users\"", "[users]", "`users`", "'users'", "json_each", "x", "f", "(", "(", "(", ")", ")", ")", ",", ",", ".", ".", ";", "*", "=",
    "->", "||", "-", "~", "--", "/*", "*/", "'a'", "x'00'", "?1", ":a", "$a::b(c)", "@", "1", "1.5", "\"", "'", "[", "]", "`", "\n", "é",
    "\u{1}", "\0", "\\",
];

const STATEMENTS: &[&str] = &[
    "SELECT orders.id FROM orders",
    "SELECT users.* , shared.users.id FROM users, shared.users WHERE users.x IN ( 1, 2 )",
    "WITH orders AS ( SELECT 1 ) SELECT * FROM orders JOIN shared.users ON true",
    "INSERT OR IGNORE INTO orders ( a ) SELECT 1 ON CONFLICT ( a ) DO UPDATE SET a = excluded.a",
    "CREATE TRIGGER a AFTER INSERT ON orders BEGIN DELETE FROM users ; END",
    "SELECT * FROM pragma_table_info ( 'a' )",
    "PRAGMA user_version",
    "ANALYZE",
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
    let Ok(template) = Template::analyse_for(Dialect::Sqlite, sql) else {
        return;
    };
    let pinned = SchemaTranslateMap::new()
        .with("main", name("main"))
        .with("shared", name("shared"));
    if let Ok(same) = template.render(sql, &pinned) {
        assert_eq!(same, sql, "the identity changes nothing");
    }
    let mark = name("only here");
    let tenant = template.render(sql, &SchemaTranslateMap::tenant(mark)).unwrap();
    let without = tenant
        .replace(" \"only here\".", "\"only here\".")
        .replace("\"only here\".", "")
        .replace(" \"only here\"", "")
        .replace("('only here')", "")
        .replace(", 'only here'", "")
        .replace("'only here'", "");
    let squeezed = |text: &str| text.split_ascii_whitespace().collect::<String>();
    assert_eq!(
        squeezed(&without),
        squeezed(sql),
        "the output without its insertions is the input"
    );
    let once = template.render(sql, &map()).unwrap();
    let twice = map()
        .translate_for(Dialect::Sqlite, &once)
        .unwrap_or_else(|error| panic!("{sql}\nbecame\n{once}\n{error}"));
    assert_eq!(twice, once, "a translated text needs no translation");
    let mut together = String::new();
    let mut copied = 0;
    for range in statements_for(Dialect::Sqlite, sql).expect("a text that was analysed") {
        together.push_str(&sql[copied..range.start]);
        together.push_str(&map().translate_for(Dialect::Sqlite, &sql[range.clone()]).unwrap());
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
