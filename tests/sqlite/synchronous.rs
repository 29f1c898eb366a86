//! Queries with a map of their own, on Diesel's synchronous connection.

use diesel::{connection::SimpleConnection, prelude::*, sqlite::Sqlite};
use diesel_tenants::{SchemaTranslateMap, TranslateDsl};

use super::{
    files::Files,
    tables::{items, orders, users},
};

#[test]
fn a_query_with_its_own_map_runs_on_diesels_own_connection() {
    let files = Files::new();
    let mut conn = files.plain("public");
    let attach = format!(
        "ATTACH '{}' AS client2; ATTACH '{0}' AS client3",
        files.path("client2").display()
    );
    conn.batch_execute(&attach).unwrap();
    let query = items::table
        .in_schema("client2")
        .filter(items::price.gt(1))
        .limit(3)
        .offset(0);
    assert_eq!(query.clone().load::<(i64, String, i32)>(&mut conn).unwrap().len(), 1);
    assert_eq!(query.count().get_result::<i64>(&mut conn).unwrap(), 1);
    let map = SchemaTranslateMap::tenant("client3".parse().unwrap()).with("public", "main".parse().unwrap());
    let names = users::table
        .inner_join(orders::table)
        .select(users::name)
        .with_schema_map(map);
    assert_eq!(names.load::<String>(&mut conn).unwrap(), ["Ada"]);
}

#[test]
fn each_database_gets_its_own_text_of_one_query() {
    let query = items::table
        .in_schema("it's")
        .filter(items::price.eq_any([1, 2]))
        .select(items::id);
    let sqlite = diesel::debug_query::<Sqlite, _>(&query).to_string();
    assert_eq!(
        sqlite,
        "SELECT `items`.`id` FROM \"it's\".`items` WHERE (`items`.`price` IN (?, ?)) -- binds: [1, 2]"
    );
    let postgres = diesel::debug_query::<diesel::pg::Pg, _>(&query).to_string();
    assert!(
        postgres.starts_with(r#"SELECT "items"."id" FROM "it's"."items" WHERE"#),
        "{postgres}"
    );
    assert_eq!(diesel::debug_query::<Sqlite, _>(&query).to_string(), sqlite);
}
