//! How names, strings and comments are written.

use super::{check, check_texts, map, translate};
use diesel_tenants_translate::{Dialect, TranslateError};

#[test]
fn names_are_in_backticks_or_bare_and_may_begin_with_digits() {
    check(&[
        "SELECT * FROM §`orders`, §`odd name` o",
        "SELECT `odd name`.`c``d`, `odd name`.`a b` FROM §`odd name`",
        "SELECT «`shared`».`users`.`id` FROM «shared» . `users`",
        "SELECT 1a.2b, `1a`. 2b, 1a.`2b` FROM §`1a`",
        "SELECT * FROM §`items`AS`orders`JOIN§`orders`AS`x`",
        "SELECT orders.id AS größe, orders.`quantity`$_a FROM §orders",
    ]);
    let mut oracle = super::oracle::lock();
    for (written, expected) in [
        ("SELECT * FROM 1a", "SELECT * FROM `client1`. 1a"),
        ("SELECT id FROM .orders", "SELECT id FROM `client1`.orders"),
        ("SELECT id FROM . orders o", "SELECT id FROM `client1`. orders o"),
        (
            "INSERT INTO .items () VALUES ()",
            "INSERT INTO `client1`.items () VALUES ()",
        ),
    ] {
        assert_eq!(translate(written), expected);
        oracle.means_the_same(written, expected);
    }
    assert_eq!(translate("SELECT * FROM shared.1a"), "SELECT * FROM `shared_v2`. 1a");
    // A word before a dot is a name.
    assert_eq!(translate("SELECT FROM.items"), "SELECT FROM.items");
}

#[test]
fn keywords_are_names_behind_a_dot_and_before_one() {
    check(&[
        "SELECT key.id AS `select` FROM §orders `key`",
        "SELECT from.id FROM §orders AS `from`",
        "SELECT o.id select_, o.quantity FROM §orders o",
    ]);
    check_texts(&[
        "SELECT group.order FROM §a AS `group`",
        "SELECT * FROM «shared».select",
        "SELECT offset, returning FROM §a",
        "SELECT end, status, value, names, role FROM §value AS status",
    ]);
}

#[test]
fn strings_have_two_quotes_and_escapes() {
    check(&[
        r"SELECT 'it''s', 'it\'s FROM items', '\\', '\\\'' FROM §orders",
        r#"SELECT "FROM items", "a""b", "a\"b", 'a"b', "a'b" FROM §orders"#,
        "SELECT 'a' 'b' \"c\", 'a'\n'b' FROM §orders",
        "SELECT N'a', n'b', x'4D', X'4D', b'01', 0x4D, 0b01, _utf8mb4'a', _latin1 x'4D', _utf8mb4 0x4D FROM §orders",
        r"SELECT \N, 1.5e3, .5, 1., 1e1, 5--1, 5 - -1 FROM §orders",
    ]);
    assert_eq!(
        translate(r#"SELECT "a" FROM "orders" "#.replace("FROM", ", ").as_str()),
        r#"SELECT "a" ,  "orders" "#
    );
}

#[test]
fn comments_hide_nothing_and_show_nothing() {
    check(&[
        "SELECT 1 /* FROM items /* */ FROM §orders -- JOIN items\n",
        "SELECT 1 # FROM items\n FROM §orders --\tJOIN items",
        "SELECT 1--1 FROM §orders",
        "SELECT * FROM/**/§orders/**/AS/**/o -- ",
        "SELECT * FROM «shared» /* a */ . /* b */ users",
        "SELECT /*+ FROM items */ 1 FROM §orders #",
    ]);
    check_texts(&["SELECT 1 FROM §orders --"]);
}

#[test]
fn comments_with_code_are_refused() {
    for sql in [
        "SELECT 1 /*! FROM orders */",
        "SELECT 1 /*!50101 FROM orders */",
        "SELECT 1 /*M! FROM orders */",
        "/*!40101 SET NAMES utf8 */",
    ] {
        let refused = map().translate_for(Dialect::Mysql, sql);
        assert!(
            matches!(refused, Err(TranslateError::NotUnderstood { .. })),
            "{sql}: {refused:?}"
        );
    }
    check_texts(&["SELECT '/*! a */', `/*! b */` FROM §orders /* /*! c */"]);
}

#[test]
fn a_schema_is_quoted_in_backticks() {
    use diesel_tenants_translate::SchemaTranslateMap;

    let hostile = SchemaTranslateMap::tenant("a`b\"c".parse().unwrap()).with("shared", "`".parse().unwrap());
    assert_eq!(
        hostile
            .translate_for(Dialect::Mysql, "SELECT * FROM orders, shared.users")
            .unwrap(),
        "SELECT * FROM `a``b\"c`.orders, ````.users"
    );
}
