//! Two tenants in files of SQLite, on one connection of rusqlite: the same query reads the orders of each.
//!
//! `cargo run -p diesel-tenants-translate --example attached_files`

use diesel_tenants_translate::{Dialect, SchemaTranslateMap};
use rusqlite::Connection;

const QUERY: &str = "SELECT item FROM orders ORDER BY item";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // `main` stays empty: a name that were not translated would be the error "no such table".
    let connection = Connection::open_in_memory()?;
    for (tenant, item) in [("client1", "a lamp"), ("client2", "a chair")] {
        connection.execute("ATTACH ':memory:' AS ?", [tenant])?;
        let map = SchemaTranslateMap::tenant(tenant.parse()?);
        connection.execute(
            &map.translate_for(Dialect::Sqlite, "CREATE TABLE orders (item TEXT)")?,
            [],
        )?;
        connection.execute(
            &map.translate_for(Dialect::Sqlite, "INSERT INTO orders VALUES (?)")?,
            [item],
        )?;
    }
    for (tenant, item) in [("client1", "a lamp"), ("client2", "a chair")] {
        let map = SchemaTranslateMap::tenant(tenant.parse()?);
        let query = map.translate_for(Dialect::Sqlite, QUERY)?;
        let ordered: String = connection.query_row(&query, [], |row| row.get(0))?;
        println!("{tenant}: {ordered}, by {query}");
        assert_eq!(ordered, item);
    }
    Ok(())
}
