//! The translator's rules, one module for each group of them.
//!
//! A case is one string with marks: `§` is where the tenant's schema goes, and `«shared»` is a schema that the map
//! replaces. Without its marks it is the input, with the schemas in their place it is what must come out.

mod bounds;
mod columns;
mod ctes;
mod errors;
mod from;
mod invariants;
mod lexical;
mod map;
#[path = "../shared/marked.rs"]
mod marked;
mod modify;
mod oracle_cases;
mod queries;
#[path = "../shared/random.rs"]
mod random;
mod session;
mod statements;
mod utility;

use marked::{map, marked, name};

/// Checks marked cases.
fn check(cases: &[&str]) {
    let map = map();
    for case in cases {
        let (input, expected) = marked(case);
        match map.translate(&input) {
            Ok(translated) => assert_eq!(translated, expected, "from {input}"),
            Err(error) => panic!("{input}\n{error}"),
        }
    }
}
