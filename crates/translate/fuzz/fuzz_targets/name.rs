//! Names of schemas: what is accepted survives quoting, and reaches SQL as that one name.
#![no_main]

use diesel_tenants_translate::{MAX_NAME_BYTES, SchemaName, SchemaTranslateMap};
use diesel_tenants_translate_fuzz::identifier_at;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|name: &str| {
    let Ok(schema) = name.parse::<SchemaName>() else {
        let refused = name.is_empty()
            || name.len() > MAX_NAME_BYTES
            || name.contains('\0')
            || name.starts_with("pg_")
            || name == "information_schema";
        assert!(refused, "{name:?} was refused");
        return;
    };
    assert_eq!(schema.as_str(), name);
    assert_eq!(
        identifier_at(schema.quoted(), 0),
        Some((name.to_owned(), schema.quoted().len()))
    );
    assert_eq!(schema, SchemaName::new(schema.as_str()).expect("a valid name"));

    let sql = format!("SELECT * FROM {}.orders", schema.quoted());
    assert_eq!(
        SchemaTranslateMap::tenant(schema.clone())
            .translate("SELECT * FROM orders")
            .expect("a query"),
        sql
    );
    let other = SchemaTranslateMap::new().with(name, "Other\"".parse().expect("a valid name"));
    let expected = match name {
        "Other\"" => sql.clone(),
        _ => "SELECT * FROM \"Other\"\"\".orders".to_owned(),
    };
    assert_eq!(other.translate(&sql).expect("a query"), expected);
});
