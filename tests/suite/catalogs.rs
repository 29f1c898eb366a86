//! System catalogs are left alone by a list of names, which a newer server may outgrow.

use diesel_tenants::SchemaTranslateMap;
use diesel_tenants_test_support::Server;

#[test]
fn the_list_of_system_catalogs_has_all_of_this_servers() {
    let database = Server::shared().database();
    let catalogs = database.values(
        "SELECT relname FROM pg_class WHERE relnamespace = 'pg_catalog'::regnamespace AND relkind IN ('r', 'v') ORDER BY 1",
    );
    let map = SchemaTranslateMap::tenant("client1".parse().unwrap());
    let is_unknown = |name: &String| {
        let sql = format!("SELECT * FROM {name}");
        map.translate(&sql).unwrap() != sql
    };
    let unknown: Vec<String> = catalogs.into_iter().filter(is_unknown).collect();
    assert!(
        unknown.is_empty(),
        "add to crates/translate/src/dialect/postgres/catalog.rs: {unknown:?}"
    );
}
