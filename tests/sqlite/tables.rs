//! The tables that the tests use: users are shared, items and orders are each tenant's.

use diesel::prelude::*;

diesel::table! { public.users (id) { id -> BigInt, name -> Text } }
diesel::table! { items (id) { id -> BigInt, description -> Text, price -> Integer } }
diesel::table! { orders (id) { id -> BigInt, user_id -> BigInt, item_id -> BigInt, quantity -> Integer } }
diesel::joinable!(orders -> users (user_id));
diesel::joinable!(orders -> items (item_id));
diesel::allow_tables_to_appear_in_same_query!(users, orders, items);

pub const SHARED: &str = "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL)";

pub const TENANT: &str = "
    CREATE TABLE items (id INTEGER PRIMARY KEY, description TEXT NOT NULL, price INTEGER NOT NULL);
    CREATE TABLE orders (
        id INTEGER PRIMARY KEY,
        user_id BIGINT NOT NULL,
        item_id BIGINT NOT NULL REFERENCES items,
        quantity INTEGER NOT NULL
    );
";

#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Identifiable, AsChangeset, Insertable)]
#[diesel(table_name = items)]
pub struct Item {
    pub id: i64,
    pub description: String,
    pub price: i32,
}

impl Item {
    pub fn new(id: i64, description: &str, price: i32) -> Self {
        Self {
            id,
            description: description.into(),
            price,
        }
    }
}
