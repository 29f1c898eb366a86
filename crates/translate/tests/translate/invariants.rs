//! What holds for every text, tried on random ones. The generator is seeded, so that a failure repeats.

use diesel_tenants_translate::{SchemaTranslateMap, Template, statements};

use super::{map, name, random::Random};

const TOKENS: &[&str] = &[
    "SELECT",
    "FROM",
    "WHERE",
    "JOIN",
    "LEFT",
    "ON",
    "USING",
    "WITH",
    "RECURSIVE",
    "AS",
    "INSERT",
    "INTO",
    "VALUES",
    "UPDATE",
    "SET",
    "DELETE",
    "MERGE",
    "WHEN",
    "MATCHED",
    "THEN",
    "DO",
    "CONFLICT",
    "RETURNING",
    "UNION",
    "ORDER",
    "BY",
    "LIMIT",
    "FOR",
    "OF",
    "CASE",
    "END",
    "LATERAL",
    "ONLY",
    "TABLE",
    "ROWS",
    "CREATE",
    "VIEW",
    "INDEX",
    "RULE",
    "FUNCTION",
    "BEGIN",
    "ATOMIC",
    "ALTER",
    "DROP",
    "GRANT",
    "COMMENT",
    "COPY",
    "EXPLAIN",
    "PREPARE",
    "EXISTS",
    "IN",
    "IS",
    "DISTINCT",
    "NOT",
    "CAST",
    "TABLESAMPLE",
    "REFERENCES",
    "LIKE",
    "OWNED",
    "INHERITS",
    "PARTITION",
    "TEMP",
    "IF",
    "orders",
    "users",
    "public",
    "shared",
    "\"users\"",
    "U&\"users\"",
    "UESCAPE",
    "pg_class",
    "x",
    "f",
    "(",
    "(",
    "(",
    ")",
    ")",
    ")",
    "[",
    "]",
    ",",
    ",",
    ".",
    ".",
    ";",
    "*",
    "=",
    "::",
    ":",
    "-",
    "--",
    "/*",
    "*/",
    "'a'",
    "E'\\'",
    "$1",
    "$$",
    "$q$",
    "1",
    "1.5",
    "\"",
    "'",
    "\n",
    "é",
    "\u{1}",
    "\0",
    "\\",
];

const QUERIES: &[&str] = &[
    "SELECT orders.id FROM orders",
    "SELECT users.*, public.users.id FROM users, public.users WHERE users.x IN (1, 2)",
    "WITH orders AS (SELECT 1) SELECT * FROM orders JOIN shared.users ON true",
    "INSERT INTO orders (a) SELECT 1 ON CONFLICT (a) DO UPDATE SET a = excluded.a",
    "CREATE TABLE orders (id int REFERENCES users, LIKE x)",
];

fn soup(random: &mut Random) -> String {
    let mut sql = String::new();
    for _ in 0..random.below(40) {
        if random.one_in(12) {
            sql.push_str(random.pick(QUERIES));
        } else {
            sql.push_str(random.pick(TOKENS));
        }
        if !random.one_in(4) {
            sql.push(' ');
        }
    }
    sql
}

/// Checks everything that can be said about a text without knowing what it means.
fn check(sql: &str) {
    let _ = statements(sql);
    let Ok(template) = Template::analyse(sql) else { return };
    let pinned = SchemaTranslateMap::new()
        .with("public", name("public"))
        .with("shared", name("shared"));
    if let Ok(same) = template.render(sql, &pinned) {
        assert_eq!(same, sql, "the identity changes nothing");
    }
    // Without named keys all that is added is the tenant's schema.
    let mark = name("only here");
    let tenant = template.render(sql, &SchemaTranslateMap::tenant(mark.clone())).unwrap();
    assert_eq!(
        tenant.replace(&format!("{}.", mark.quoted()), ""),
        sql,
        "the output without its insertions is the input"
    );
    let once = template.render(sql, &map()).unwrap();
    let twice = map()
        .translate(&once)
        .unwrap_or_else(|error| panic!("{sql}\nbecame\n{once}\n{error}"));
    assert_eq!(twice, once, "a translated text needs no translation");
}

#[test]
fn of_token_soups() {
    let mut random = Random(1);
    for _ in 0..60_000 {
        check(&soup(&mut random));
    }
}

#[test]
fn of_broken_statements() {
    let mut random = Random(2);
    for _ in 0..60_000 {
        check(&random.mutant(QUERIES, TOKENS));
    }
}

#[test]
fn of_arbitrary_bytes() {
    let mut random = Random(3);
    for _ in 0..20_000 {
        let bytes: Vec<_> = (0..random.below(60)).map(|_| random.below(256) as u8).collect();
        check(&String::from_utf8_lossy(&bytes));
    }
}
