//! The tables that several benches query: one that is shared, and one of each tenant.

use diesel_tenants_test_support::{Database, Server};

diesel::table! {
    public.users (id) { id -> Integer, name -> Text }
}
diesel::table! {
    orders (id) { id -> Integer, user_id -> Integer, quantity -> Integer }
}
diesel::joinable!(orders -> users (user_id));
diesel::allow_tables_to_appear_in_same_query!(users, orders);

/// A database with tenants `tenant0`, `tenant1` and so on. Each has one order, whose quantity is the tenant's number.
pub fn database(server: &Server, tenants: usize) -> Database {
    let database = server.database();
    database
        .run("CREATE TABLE public.users (id int PRIMARY KEY, name text); INSERT INTO public.users VALUES (1, 'Ada')");
    for tenant in 0..tenants {
        database.run(&format!(
            "CREATE SCHEMA tenant{tenant};
             CREATE TABLE tenant{tenant}.orders (id int PRIMARY KEY, user_id int, quantity int);
             INSERT INTO tenant{tenant}.orders VALUES (1, 1, {tenant})"
        ));
    }
    database
}
