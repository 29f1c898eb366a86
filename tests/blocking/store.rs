use diesel::{PgConnection, prelude::*};
use diesel_tenants::{SchemaTranslateMap, blocking::TenantConnection};
use diesel_tenants_test_support::{Database, Server};

diesel::table! { public.users (id) { id -> Integer, name -> Text } }
diesel::table! { items (id) { id -> Integer, description -> Text, price -> Integer } }
diesel::table! { orders (id) { id -> Integer, user_id -> Integer, item_id -> Integer, quantity -> Integer } }
diesel::joinable!(orders -> users (user_id));
diesel::joinable!(orders -> items (item_id));
diesel::allow_tables_to_appear_in_same_query!(users, orders, items);

pub const USERS: &str = "CREATE TABLE public.users (id int PRIMARY KEY, name text NOT NULL);
    INSERT INTO public.users VALUES (1, 'Ada'), (2, 'Grace')";

/// The tables of a tenant, with two items of these prices.
pub fn tenant(schema: &str, prices: [i32; 2]) -> String {
    let [tesla, huawei] = prices;
    format!(
        "CREATE TABLE {schema}.items (id integer PRIMARY KEY, description text NOT NULL, price int NOT NULL);
         CREATE TABLE {schema}.orders (id integer PRIMARY KEY, user_id int NOT NULL, item_id int NOT NULL,
             quantity int NOT NULL);
         INSERT INTO {schema}.items VALUES (1, '{schema} Tesla', {tesla}), (2, '{schema} Huawei', {huawei});
         INSERT INTO {schema}.orders VALUES (1, 1, 1, 1), (2, 2, 2, 2);"
    )
}

/// A database with shared users and two tenants, whose data differ in every row.
pub fn database() -> Database {
    let database = Server::shared().database();
    database.run(USERS);
    for (schema, prices) in [("client1", [5000, 2000]), ("client2", [1000, 100])] {
        database.run(&format!(
            "CREATE SCHEMA {schema}; {}
             CREATE TABLE {schema}.__diesel_schema_migrations (
                 version varchar(50) PRIMARY KEY, run_on timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP
             )",
            tenant(schema, prices)
        ));
    }
    database
}

/// The map of a tenant.
pub fn map(tenant: &str) -> SchemaTranslateMap {
    SchemaTranslateMap::tenant(tenant.parse().expect("a name"))
}

/// A connection of libpq under a tenant's map, whose search_path reaches no tables.
pub fn connect(database: &Database, map: SchemaTranslateMap) -> TenantConnection<PgConnection> {
    let url = format!("{}?options=-c%20search_path%3D", database.url());
    let connection = PgConnection::establish(&url).expect("the test's server is up");
    TenantConnection::new(connection, map)
}

/// The single value of a query, as text, over a connection of the test's own.
pub fn value(database: &Database, sql: &str) -> String {
    let rows = database.query_strings(sql);
    rows.into_iter().flatten().next().flatten().unwrap_or_default()
}
