//! The tables of the store: users are shared, items and orders are each tenant's own.

diesel::table! { public.users (id) { id -> BigInt, name -> Text } }
diesel::table! { items (id) { id -> BigInt, description -> Text, price -> Integer } }
diesel::table! { orders (id) { id -> BigInt, user_id -> BigInt, item_id -> BigInt, quantity -> Integer } }
diesel::joinable!(orders -> users (user_id));
diesel::joinable!(orders -> items (item_id));
diesel::allow_tables_to_appear_in_same_query!(users, orders, items);

/// What a tenant's database has.
pub const TENANT: &str = "
    CREATE TABLE items (id BIGINT PRIMARY KEY AUTO_INCREMENT, description VARCHAR(100) NOT NULL UNIQUE, price INT NOT NULL);
    CREATE TABLE orders (id BIGINT PRIMARY KEY AUTO_INCREMENT, user_id BIGINT NOT NULL, item_id BIGINT NOT NULL,
        quantity INT NOT NULL, FOREIGN KEY (user_id) REFERENCES public.users (id),
        FOREIGN KEY (item_id) REFERENCES items (id))";
