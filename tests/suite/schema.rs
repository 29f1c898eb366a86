//! The tables of the tests, as a user would declare them.

diesel::table! {
    public.users (id) {
        id -> Integer,
        name -> Text,
    }
}

diesel::table! {
    orders (id) {
        id -> Integer,
        user_id -> Integer,
        item_id -> Integer,
        quantity -> Integer,
    }
}

diesel::table! {
    items (id) {
        id -> Integer,
        description -> Text,
        price -> Integer,
    }
}

diesel::joinable!(orders -> users (user_id));
diesel::joinable!(orders -> items (item_id));
diesel::allow_tables_to_appear_in_same_query!(users, orders, items);
