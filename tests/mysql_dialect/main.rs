//! The translator's rules for MySQL and MariaDB, one module for each group of them.
//!
//! A case is one string with marks, as in the tests for PostgreSQL: `§` is where the tenant's schema goes, and
//! `«shared»` is a schema that the map replaces. Without its marks it is the input, with the schemas in their place it is
//! what must come out. Every case is also given to a MariaDB server, which says what the two texts mean: see `oracle`.

mod bodies;
mod delete;
mod diesel;
mod generated;
mod invariants;
mod map;
#[path = "../../crates/translate/tests/shared/marked.rs"]
mod marked;
mod modify;
mod names;
mod objects;
mod oracle;
mod queries;
#[path = "../../crates/translate/tests/shared/random.rs"]
mod random;
mod refused;
mod session;
mod show;
mod statements;

use diesel_tenants_translate::Dialect;
use marked::{map, marked, name};

fn translate(sql: &str) -> String {
    match map().translate_for(Dialect::Mysql, sql) {
        Ok(translated) => translated.into_owned(),
        Err(error) => panic!("{sql}\n{error}"),
    }
}

/// The input of a marked case, and what it becomes.
fn pair(case: &str) -> (String, String) {
    let (input, expected) = marked(case);
    let expected = expected
        .replace(r#""client1""#, "`client1`")
        .replace(r#""shared_v2""#, "`shared_v2`");
    (input, expected)
}

/// Checks marked cases, each one statement that MariaDB can explain.
fn check(cases: &[&str]) {
    let mut oracle = oracle::lock();
    for case in cases {
        let (input, expected) = pair(case);
        assert_eq!(translate(&input), expected, "from {input}");
        oracle.means_the_same(&input, &expected);
    }
}

/// Checks marked cases, each one statement that is run.
fn check_by_running(cases: &[&str]) {
    let mut oracle = oracle::lock();
    for case in cases {
        let (input, expected) = pair(case);
        assert_eq!(translate(&input), expected, "from {input}");
        oracle.does_the_same(&input, &expected);
    }
}

/// Checks marked cases that MariaDB doesn't take: several statements, or MySQL's own.
fn check_texts(cases: &[&str]) {
    for case in cases {
        let (input, expected) = pair(case);
        assert_eq!(translate(&input), expected, "from {input}");
    }
}
