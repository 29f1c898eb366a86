//! Databases with many tenants, made by plain SQL. Without a directory every schema is a tenant.

use diesel_tenants_test_support::{Database, Server};

/// Schemas made by one statement: each takes locks until the statement ends.
const AT_A_TIME: usize = 200;

/// A server that holds all of the tenants' tables in memory.
pub fn server() -> Server {
    Server::builder()
        .setting("shared_buffers", "1GB")
        .start()
        .expect("a server")
}

/// A database with the schemas `tenant0`, `tenant1` and so on, each with two tables and three rows.
pub fn database(server: &Server, tenants: usize) -> Database {
    let database = server.database();
    database
        .run("CREATE TABLE public.users (id int PRIMARY KEY, name text); INSERT INTO public.users VALUES (1, 'Ada')");
    make(
        &database,
        "tenant",
        tenants,
        "CREATE TABLE %1$I.orders (id int PRIMARY KEY, user_id int, tenant int, quantity int); \
         CREATE TABLE %1$I.items (id int PRIMARY KEY, order_id int, tenant int, description text, price int); \
         INSERT INTO %1$I.orders VALUES (1, 1, %2$s, 1); \
         INSERT INTO %1$I.items VALUES (1, 1, %2$s, ''a pen'', 100), (2, 1, %2$s, ''a cup'', 200);",
    );
    database
}

/// Adds schemas of twenty tables, that nobody uses.
pub fn add_others(database: &Database, others: usize) {
    let tables: String = (0..20)
        .map(|table| format!("CREATE TABLE %1$I.table{table} (id int, name varchar(20), tenant int);"))
        .collect();
    make(database, "other", others, &tables);
}

/// `sql` is what each schema gets: `%1$I` stands for its name, and `%2$s` for its number.
fn make(database: &Database, name: &str, count: usize, sql: &str) {
    for first in (0..count).step_by(AT_A_TIME) {
        let last = count.min(first + AT_A_TIME) - 1;
        database.run(&format!(
            "DO $$ BEGIN FOR i IN {first}..{last} LOOP \
             EXECUTE format('CREATE SCHEMA %1$I; {sql}', '{name}' || i, i); END LOOP; END $$"
        ));
    }
    database.run("VACUUM ANALYZE");
}
