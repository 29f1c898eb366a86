//! DELETE, from one table and from several.

use super::{check, check_by_running, check_texts, map};
use diesel_tenants_translate::{Dialect, TranslateError};

#[test]
fn from_one_table() {
    check(&[
        "DELETE FROM §items",
        "DELETE LOW_PRIORITY QUICK IGNORE FROM §orders WHERE item_id IN (SELECT id FROM §items) ORDER BY orders.id LIMIT 1",
        "DELETE FROM §orders PARTITION (p0) WHERE id = 1",
        "DELETE FROM «shared».users WHERE «shared».users.id = 1",
    ]);
    check_by_running(&[
        "DELETE FROM §orders WHERE id = 1 RETURNING id, (SELECT max(id) FROM §items) AS m",
        "DELETE HISTORY FROM §history BEFORE SYSTEM_TIME '2000-01-01'",
    ]);
    check_texts(&[
        "DELETE FROM §items AS i WHERE i.id = 1",
        "WITH c AS (SELECT 1 AS id) DELETE FROM §items WHERE id IN (SELECT id FROM c)",
    ]);
}

#[test]
fn from_several_tables_that_have_no_alias() {
    check(&[
        "DELETE §items FROM §items JOIN §orders o ON o.item_id = items.id",
        "DELETE §items.*, «shared».users FROM §items, «shared».users, §orders WHERE items.id = users.id",
        "DELETE FROM §items, §orders USING §items JOIN §orders WHERE items.id IN (SELECT id FROM «shared».users)",
        "DELETE FROM «shared».users.* USING §items, «shared».users",
        "DELETE IGNORE §items FROM (§items JOIN §orders) WHERE orders.id = 1",
    ]);
}

#[test]
fn by_an_alias_it_would_need_a_default_database() {
    for sql in [
        "DELETE i FROM items i JOIN orders",
        "DELETE FROM i USING items AS i",
        "DELETE items FROM items AS items",
        "DELETE shared.u FROM shared.users u",
        "DELETE users FROM shared.users",
        "DELETE shared.items FROM items",
        "DELETE items FROM orders WHERE id IN (SELECT id FROM items)",
        "DELETE d FROM (SELECT 1) d",
        "WITH items AS (SELECT 1) DELETE FROM items",
        "WITH items AS (SELECT 1) DELETE items FROM items, orders",
    ] {
        let refused = map().translate_for(Dialect::Mysql, sql);
        assert!(
            matches!(refused, Err(TranslateError::NotUnderstood { .. })),
            "{sql}: {refused:?}"
        );
    }
}
