//! How names are written and compared.

use super::{check, check_pairs};

#[test]
fn names_are_quoted_in_four_ways() {
    check(&[
        r#"SELECT * FROM §"orders""#,
        "SELECT * FROM §[orders]",
        "SELECT * FROM §`orders`",
        "SELECT * FROM §'orders'",
        "SELECT a.* FROM §[odd name] a, §`odd name` b, §\"odd name\" c, §'odd name' AS x",
        "SELECT `odd name`.`c``d`, [odd name].[a b], 'odd name'.\"a b\" FROM §[odd name]",
        "UPDATE §'orders' SET 'quantity' = 1",
        r#"DELETE FROM §"orders" WHERE "orders"."id" = "nope""#,
        "INSERT INTO §[orders] ([id], `user_id`, \"item_id\", 'quantity') VALUES (1, 2, 3, 4)",
        "SELECT 'a'.id FROM §orders 'a'",
    ]);
}

#[test]
fn names_compare_without_regard_to_case() {
    check(&[
        "SELECT * FROM §ORDERS, §\"Items\"",
        "SELECT * FROM «shared».users, «SHARED».users AS b, «\"Shared\"».users c, «[sHARED]».users d, «'shared'».users e",
        "SELECT «SHARED».users.id FROM «shared».users",
        "WITH Items AS (SELECT 1) SELECT * FROM items, ITEMS AS b, \"iTEMS\" c, [items] d, 'items' e",
    ]);
}

#[test]
fn keywords_are_names_where_sqlite_falls_back_to_them() {
    check(&[
        "WITH key AS (SELECT 1 AS row), \"select\" AS (SELECT 2) SELECT key.row FROM key, \"select\"",
        "WITH temp AS (SELECT 1 AS first) SELECT temp.first AS last FROM temp",
        "SELECT quantity AS 'end', id row, user_id \"full\" FROM §orders",
        "SELECT replace('a', 'b', 'c'), glob('a', 'b'), like('a', 'b'), iif(1, 2, 3) FROM §orders",
        "SELECT id filter, id over, id window FROM §orders",
        "SELECT count(*) over FROM §orders",
        "SELECT plan.id, query.id FROM §orders plan, §items query",
    ]);
}

#[test]
fn comments_and_strings_hide_nothing_and_show_nothing() {
    check(&[
        "SELECT 'FROM items' /* FROM items /* */ FROM §orders -- JOIN items",
        "SELECT * FROM/**/§orders/**/AS/**/o",
        "SELECT * FROM -- a\r still a comment\n §orders",
        "SELECT 'it''s' FROM §orders /* no end",
        "SELECT * FROM «shared» /* a */ . /* b */ users",
        "SELECT x'00', X'FF', 0x1F, 1.5e3, .5, 1. FROM §orders",
        "SELECT ?, ?1, :a, @b, $c, $d::e(f) FROM §orders",
        "SELECT 5--1 FROM items\n FROM §orders",
    ]);
}

#[test]
fn an_inserted_schema_never_runs_into_what_stands_before_it() {
    check_pairs(&[
        (r#"SELECT 1"x"FROM"orders""#, r#"SELECT 1"x"FROM"client1"."orders""#),
        (
            "SELECT(1,2,3,4)IN`orders`FROM[items]",
            "SELECT(1,2,3,4)IN\"client1\".`orders`FROM\"client1\".[items]",
        ),
    ]);
}
