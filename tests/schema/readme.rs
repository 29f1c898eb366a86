//! The README's way from an empty folder to a query.

use crate::setting::{Sql, assert_is, empty, folder};

fn readme() -> String {
    std::fs::read_to_string(folder("README.md")).unwrap()
}

/// What a block of the README holds, from some words on.
fn block<'a>(readme: &'a str, start: &str) -> &'a str {
    let (_, rest) = readme.split_once(start).expect("the README has such a block");
    rest.split_once("```").expect("blocks end").0
}

#[test]
fn its_program_is_the_example_which_compiles() {
    let example = std::fs::read_to_string(folder("examples/readme/main.rs")).unwrap();
    let program = block(&readme(), "```rust,ignore\n").to_owned();
    // The README puts its comments below each other.
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(words(example.split_once("\n\n").unwrap().1), words(&program));
}

#[tokio::test]
async fn its_migrations_give_the_examples_declarations() {
    let readme = readme();
    let sql = block(&readme, "-- migrations/0001_users/up.sql\n");
    let (shared, tenant) = sql.split_once("-- tenant_migrations/0001_orders/up.sql\n").unwrap();
    let (pool, _database) = empty().await;
    let schema = pool
        .rust_schema()
        .from_migrations(Sql::of(shared), Sql::of(tenant))
        .await
        .unwrap();
    assert_is(&schema, "examples/readme/schema");
}
