//! Cases with marks, and the map under which they are translated.

use diesel_tenants_translate::{SchemaName, SchemaTranslateMap};

pub fn name(name: &str) -> SchemaName {
    name.parse().unwrap()
}

/// Unqualified tables are client1's, schema `shared` is found in `shared_v2`, and `public` stays.
pub fn map() -> SchemaTranslateMap {
    SchemaTranslateMap::tenant(name("client1"))
        .with("public", name("public"))
        .with("shared", name("shared_v2"))
}

/// What a marked case says: the input, and what it becomes under [`map`].
pub fn marked(case: &str) -> (String, String) {
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
