//! The translator's promises, on any text: it never panics; what it adds taken out again leaves the text; what it made
//! it leaves alone; a map of every schema to itself changes nothing; and statements come out the same alone and
//! together.
#![no_main]

use std::borrow::Cow;

use diesel_tenants_translate::{SchemaName, SchemaTranslateMap, Template, statements};
use diesel_tenants_translate_fuzz::{identifier_at, identifiers, sql};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some(sql) = sql(data) else { return };
    let Ok(template) = Template::analyse(&sql) else { return };
    let names = identifiers(&sql);
    let tenant = absent("tenant", &sql);
    let map = shifting_map(&sql, &tenant, &names);
    let translated = template.render(&sql, &map).expect("a map with a tenant");

    takes_out(&sql, &translated, &tenant, &map);
    assert_eq!(
        map.translate(&translated).expect("a translated text"),
        translated,
        "translating twice is translating once"
    );
    identity_changes_nothing(&sql, &template, &names);
    statements_apart(&sql, &translated, &map);
});

/// A name that the text doesn't hold, with a quote in it.
fn absent(name: &str, sql: &str) -> SchemaName {
    (0..)
        .map(|number| format!("{name}\"{number}"))
        .find(|name| !sql.contains(&name.replace('"', "\"\"")))
        .expect("some number is free")
        .parse()
        .expect("a valid name")
}

/// Every name of the text as a key, each for a schema of its own.
fn shifting_map(sql: &str, tenant: &SchemaName, names: &[String]) -> SchemaTranslateMap {
    names
        .iter()
        .enumerate()
        .fold(SchemaTranslateMap::tenant(tenant.clone()), |map, (number, key)| {
            map.with(key, absent(&format!("key{number}"), sql))
        })
}

/// Walks both texts: behind what is equal, either the tenant and a dot were put in, or a schema was replaced that is a
/// key of the map; with a space before it where it would become a part of the token that stands there.
fn takes_out(sql: &str, translated: &str, tenant: &SchemaName, map: &SchemaTranslateMap) {
    let prefix = format!("{}.", tenant.quoted());
    let (mut before, mut after) = (0, 0);
    while after < translated.len() {
        if translated[after..].starts_with(" \"") && !sql[before..].starts_with(' ') {
            assert!(
                sql[..before].ends_with(['"', '&']),
                "a needless space, at {before}: {sql}\n{translated}"
            );
            after += 1;
        }
        if translated[after..].starts_with(&prefix) {
            after += prefix.len();
            assert!(
                identifier_at(sql, before).is_some(),
                "a schema before no name, at {before}: {sql}"
            );
            continue;
        }
        if translated[after..].starts_with("\"key")
            && let Some((key, length)) = identifier_at(sql, before)
            && let Some(schema) = inserted(map, clipped(&key), &translated[after..])
        {
            (before, after) = (before + length, after + schema.quoted().len());
            continue;
        }
        let next = translated[after..].chars().next();
        assert_eq!(
            sql[before..].chars().next(),
            next,
            "the text itself changed, at {before}: {sql}\n{translated}"
        );
        let length = next.map_or(0, char::len_utf8);
        (before, after) = (before + length, after + length);
    }
    assert_eq!(before, sql.len(), "something was lost: {sql}\n{translated}");
}

/// The schema that the text begins with, if it is the one for this key. An escape that the server would refuse is
/// decoded one way or another.
fn inserted<'m>(map: &'m SchemaTranslateMap, key: &str, text: &str) -> Option<&'m SchemaName> {
    let begins = |schema: &&SchemaName| text.starts_with(schema.quoted());
    match map.get(key) {
        Some(schema) => Some(schema).filter(begins),
        None => map.iter().map(|(_, schema)| schema).find(begins),
    }
}

fn clipped(name: &str) -> &str {
    &name[..name.floor_char_boundary(63)]
}

fn identity_changes_nothing(sql: &str, template: &Template, names: &[String]) {
    let map = names
        .iter()
        .filter_map(|name| Some((name, name.parse().ok()?)))
        .fold(SchemaTranslateMap::new(), |map, (name, schema)| map.with(name, schema))
        .with_untranslated(names);
    match template.render(sql, &map) {
        Ok(same) => assert!(
            matches!(same, Cow::Borrowed(text) if text == sql),
            "the identity changed {sql}\n{same}"
        ),
        // UESCAPE behind a comment, or an escape that the server would refuse: the reader here gave up.
        Err(_) if sql.contains("&\"") => {}
        Err(error) => panic!("the text has a table whose name is not in it: {error}"),
    }
}

/// Each statement alone becomes what it becomes among the others.
fn statements_apart(sql: &str, translated: &str, map: &SchemaTranslateMap) {
    let Ok(ranges) = statements(sql) else { return };
    let mut together = String::new();
    let mut copied = 0;
    for range in ranges {
        let Ok(statement) = map.translate(&sql[range.clone()]) else {
            return;
        };
        together.push_str(&sql[copied..range.start]);
        together.push_str(&statement);
        copied = range.end;
    }
    together.push_str(&sql[copied..]);
    assert_eq!(together, translated, "statements depend on each other: {sql}");
}
