//! The map, where names compare exactly.

use super::name;
use diesel_tenants_translate::{Dialect, SchemaTranslateMap, Template};

#[test]
fn keys_compare_with_regard_to_case() {
    let map = SchemaTranslateMap::tenant(name("Client1"))
        .with("Main", name("one"))
        .with("main", name("two"))
        .with_symbolic("Tenant")
        .with_untranslated(["Lookup"]);
    let translate = |sql| map.translate_for(Dialect::Mysql, sql).unwrap();
    assert_eq!(translate("SELECT * FROM Main.a"), "SELECT * FROM `one`.a");
    assert_eq!(translate("SELECT * FROM `main`.a"), "SELECT * FROM `two`.a");
    assert_eq!(translate("SELECT * FROM MAIN.a"), "SELECT * FROM MAIN.a");
    assert_eq!(translate("SELECT * FROM Tenant.a"), "SELECT * FROM `Client1`.a");
    assert_eq!(translate("SELECT Tenant.f(1)"), "SELECT `Client1`.f(1)");
    assert_eq!(translate("SELECT * FROM tenant.a"), "SELECT * FROM tenant.a");
    assert_eq!(
        translate("SELECT * FROM `Lookup`, lookup, .Lookup"),
        "SELECT * FROM `Lookup`, `Client1`.lookup, .Lookup"
    );
}

#[test]
fn a_key_for_itself_changes_nothing() {
    let map = SchemaTranslateMap::new().with("shared", name("shared"));
    let sql = "SELECT * FROM shared.a, `shared`.b, shared.1a";
    assert_eq!(map.translate_for(Dialect::Mysql, sql).unwrap(), sql);
}

#[test]
fn the_servers_own_schemas_stay() {
    let sql = "SELECT * FROM information_schema.tables, mysql.user, performance_schema.threads, sys.version";
    assert_eq!(super::translate(sql), sql);
}

#[test]
fn a_template_has_its_dialect() {
    let analysed = Template::analyse_for(Dialect::Mysql, "SELECT 1").unwrap();
    let cached = Template::cached_for(Dialect::Mysql, "SELECT 1").unwrap();
    assert_eq!((analysed.dialect(), cached.dialect()), (Dialect::Mysql, Dialect::Mysql));
    // In PostgreSQL both are names, here one is a string.
    let map = SchemaTranslateMap::tenant(name("client1"));
    assert!(map.translate("SELECT * FROM \"a\"").is_ok());
    assert!(map.translate_for(Dialect::Mysql, "SELECT * FROM \"a\"").is_err());
}

#[test]
fn places_of_a_schema() {
    let template = Template::analyse_for(Dialect::Mysql, "SELECT shared.a.b FROM `shared`.a, c, SHARED.d").unwrap();
    assert_eq!(template.places_of("shared").collect::<Vec<_>>(), [7, 23]);
}
