//! Shared tables are pinned to `public`; a tenant's have no schema, and get the checkout's.

diesel::table! {
    public.users (id) {
        id -> BigInt,
        name -> Text,
        organization_id -> Text,
    }
}

diesel::table! {
    items (id) {
        id -> BigInt,
        description -> Text,
        price -> Integer,
    }
}

diesel::table! {
    orders (id) {
        id -> BigInt,
        user_id -> BigInt,
        item_id -> BigInt,
        quantity -> Integer,
    }
}

diesel::joinable!(orders -> users (user_id));
diesel::joinable!(orders -> items (item_id));
diesel::allow_tables_to_appear_in_same_query!(users, items, orders);
