//! The translator's promises for MySQL, on any text: it never panics; what it made it leaves alone; a map of every
//! schema to itself changes nothing; and statements come out the same alone and together.
#![no_main]

use diesel_tenants_translate::{Dialect, SchemaTranslateMap, Template, statements_for};
use diesel_tenants_translate_fuzz::mysql;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some(sql) = mysql(data) else { return };
    let Ok(template) = Template::analyse_for(Dialect::Mysql, &sql) else {
        return;
    };
    let name = |name: &str| name.parse().expect("a valid name");
    let map = SchemaTranslateMap::tenant(name("a tenant's `name`")).with("shared", name("shared_v2"));
    let translate = |sql: &str| {
        map.translate_for(Dialect::Mysql, sql)
            .expect("a text that was analysed")
            .into_owned()
    };
    let translated = template.render(&sql, &map).expect("a map with a tenant");
    assert_eq!(
        translate(&translated),
        translated,
        "translating twice is translating once: {sql}"
    );

    let identity = SchemaTranslateMap::new().with("shared", name("shared"));
    if let Ok(same) = template.render(&sql, &identity) {
        assert_eq!(same, sql, "the identity changed the text");
    }

    let mut together = String::new();
    let mut copied = 0;
    for range in statements_for(Dialect::Mysql, &sql).expect("a text that was analysed") {
        together.push_str(&sql[copied..range.start]);
        together.push_str(&translate(&sql[range.clone()]));
        copied = range.end;
    }
    together.push_str(&sql[copied..]);
    assert_eq!(together, translated, "statements depend on each other: {sql}");
});
