//! Tenants that are made by plain SQL. Without a directory every schema is a tenant.

use diesel_tenants_test_support::{Database, Server};

/// Schemas made by one statement: each takes locks until the statement ends.
const AT_A_TIME: usize = 50;

/// A server that holds all of the tenants' tables in memory.
pub fn server() -> Server {
    Server::builder()
        .setting("shared_buffers", "512MB")
        .start()
        .expect("a server")
}

/// A database with the schemas `tenant0`, `tenant1` and so on, each with as many tables: `table0`, `table1` and so on.
pub fn database(server: &Server, tenants: usize, tables: usize) -> Database {
    let database = server.database();
    let tables: String = (0..tables)
        .map(|table| format!("CREATE TABLE %1$I.table{table} (id int PRIMARY KEY, name text);"))
        .collect();
    for first in (0..tenants).step_by(AT_A_TIME) {
        let last = tenants.min(first + AT_A_TIME) - 1;
        database.run(&format!(
            "DO $$ BEGIN FOR i IN {first}..{last} LOOP \
             EXECUTE format('CREATE SCHEMA %1$I; {tables}', 'tenant' || i); END LOOP; END $$"
        ));
    }
    database.run("VACUUM ANALYZE");
    database
}

pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
