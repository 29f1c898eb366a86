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
mod modify;
mod oracle_cases;
mod queries;
mod session;
mod statements;
mod utility;

use diesel_tenants_translate::{SchemaName, SchemaTranslateMap};

fn name(name: &str) -> SchemaName {
    name.parse().unwrap()
}

/// Unqualified tables are client1's, schema `shared` is found in `shared_v2`, and `public` stays.
fn map() -> SchemaTranslateMap {
    SchemaTranslateMap::tenant(name("client1"))
        .with("public", name("public"))
        .with("shared", name("shared_v2"))
}

/// What a marked case says: the input, and what it becomes under [`map`].
fn marked(case: &str) -> (String, String) {
    let input = case.replace(['§', '«', '»'], "");
    let mut expected = String::new();
    let mut rest = case;
    while let Some(at) = rest.find(['§', '«']) {
        expected.push_str(&rest[..at]);
        rest = &rest[at..];
        rest = match rest.strip_prefix('§') {
            Some(behind) => {
                expected.push_str(r#""client1"."#);
                behind
            }
            None => {
                expected.push_str(r#""shared_v2""#);
                rest.split_once('»').expect("« without »").1
            }
        };
    }
    (input, expected + rest)
}

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
