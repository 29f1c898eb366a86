//! The translator's rules for SQLite, one module for each group of them.
//!
//! A case is one string with marks, as in the tests for PostgreSQL: `§` is where the tenant's schema goes, and
//! `«shared»` is a schema that the map replaces. Without its marks it is the input, with the schemas in their place it is
//! what must come out. Every case is also given to SQLite itself, which says which files the two texts open: see
//! `oracle`.

mod generated;
mod invariants;
mod map;
#[path = "../shared/marked.rs"]
mod marked;
mod modify;
mod names;
mod objects;
mod oracle;
mod pragmas;
mod queries;
#[path = "../shared/random.rs"]
mod random;
mod refused;
mod session;
mod statements;

use diesel_tenants_translate::Dialect;
use marked::{map, marked, name};
use oracle::Oracle;

fn translate(sql: &str) -> String {
    match map().translate_for(Dialect::Sqlite, sql) {
        Ok(translated) => translated.into_owned(),
        Err(error) => panic!("{sql}\n{error}"),
    }
}

/// Checks marked cases, each one statement that SQLite accepts.
fn check(cases: &[&str]) {
    let pairs: Vec<_> = cases.iter().map(|case| marked(case)).collect();
    let pairs: Vec<_> = pairs.iter().map(|(input, expected)| (&**input, &**expected)).collect();
    check_pairs(&pairs);
}

/// Checks inputs and what they become.
fn check_pairs(pairs: &[(&str, &str)]) {
    let oracle = Oracle::new();
    for (input, expected) in pairs {
        assert_eq!(translate(input), *expected, "from {input}");
        oracle.agrees(input, expected);
    }
}

/// Checks marked cases that SQLite doesn't explain: several statements, or none that opens anything.
fn check_texts(cases: &[&str]) {
    for case in cases {
        let (input, expected) = marked(case);
        assert_eq!(translate(&input), expected, "from {input}");
    }
}
