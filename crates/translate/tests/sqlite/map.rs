//! The map under SQLite's comparison of names.

use super::name;
use diesel_tenants_translate::{Dialect, SchemaTranslateMap, Template, TranslateError};

#[test]
fn keys_compare_without_regard_to_case() {
    let map = SchemaTranslateMap::tenant(name("Client1"))
        .with("Main", name("file1"))
        .with_symbolic("Tenant")
        .with_untranslated(["Lookup"]);
    let translate = |sql| map.translate_for(Dialect::Sqlite, sql).unwrap();
    assert_eq!(translate("SELECT * FROM MAIN.a"), r#"SELECT * FROM "file1".a"#);
    assert_eq!(translate("SELECT * FROM tenant.a"), r#"SELECT * FROM "Client1".a"#);
    assert_eq!(
        translate("SELECT * FROM [lookup], a"),
        r#"SELECT * FROM [lookup], "Client1".a"#
    );
}

#[test]
fn a_key_for_itself_changes_nothing_in_any_case() {
    let map = SchemaTranslateMap::new().with("Shared", name("shared"));
    let sql = "SELECT * FROM SHARED.a, [shared].b";
    assert_eq!(map.translate_for(Dialect::Sqlite, sql).unwrap(), sql);
}

#[test]
fn two_keys_that_are_one_name_are_an_error() {
    let map = SchemaTranslateMap::new()
        .with("Shared", name("a"))
        .with("shared", name("b"));
    assert!(matches!(
        map.translate_for(Dialect::Sqlite, "SELECT * FROM shared.users"),
        Err(TranslateError::AmbiguousKey { .. })
    ));
    assert!(map.translate("SELECT * FROM shared.users").is_ok());
}

#[test]
fn names_that_stay_are_no_pragmas() {
    let map = SchemaTranslateMap::tenant(name("client1")).with_untranslated(["user_version"]);
    assert_eq!(
        map.translate_for(Dialect::Sqlite, "PRAGMA user_version").unwrap(),
        r#"PRAGMA "client1".user_version"#
    );
}

#[test]
fn the_dialect_decides_what_a_text_says() {
    let map = SchemaTranslateMap::tenant(name("client1"));
    let sql = "SELECT a [x] FROM orders";
    assert!(map.translate_for(Dialect::Sqlite, sql).is_ok());
    for dialect in [Dialect::Postgres, Dialect::Sqlite] {
        assert_eq!(Template::analyse_for(dialect, "SELECT 1").unwrap().dialect(), dialect);
        assert_eq!(Template::cached_for(dialect, "SELECT 1").unwrap().dialect(), dialect);
    }
    // A backslash escapes nothing in SQLite, and $a$ is a parameter's name.
    assert!(map.translate_for(Dialect::Sqlite, r"SELECT E'\''").is_err());
    assert_eq!(
        map.translate_for(Dialect::Sqlite, "SELECT $a$ FROM orders").unwrap(),
        r#"SELECT $a$ FROM "client1".orders"#
    );
}

#[test]
fn places_of_a_schema() {
    let template = Template::analyse_for(Dialect::Sqlite, "SELECT Shared.a.b FROM [shared].a, c").unwrap();
    assert_eq!(template.places_of("SHARED").collect::<Vec<_>>(), [7, 23]);
}

#[test]
fn nothing_is_moved_to_the_temporary_objects() {
    let tenant = SchemaTranslateMap::tenant(name("Temp"));
    assert!(
        tenant
            .translate_for(Dialect::Sqlite, "CREATE VIEW a AS SELECT * FROM b")
            .is_err()
    );
    let named = SchemaTranslateMap::new()
        .with("shared", name("temp"))
        .with("temp", name("temp"));
    assert!(named.translate_for(Dialect::Sqlite, "SELECT * FROM shared.a").is_err());
    assert!(named.translate_for(Dialect::Sqlite, "SELECT * FROM temp.a").is_ok());
}
