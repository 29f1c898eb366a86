//! What the audit does not see.

use super::cases::{Case, NOTES, case};

/// What the documentation says that it does not see.
pub(super) const UNSEEN: &[Case] = &[
    case(
        "names in the catalogs",
        &["SHOW DATABASES", "SHOW TABLES FROM tenant_b"],
        &[],
        "",
    ),
    case("a routine that touches no table", &["CALL tenant_b.nothing()"], &[], "")
        .after(&["CREATE PROCEDURE tenant_b.nothing() DO 0"]),
    case(
        "a temporary table in another's name",
        &[
            "CREATE TEMPORARY TABLE tenant_b.own (id INT)",
            "INSERT INTO tenant_b.own VALUES (1)",
        ],
        &[],
        "",
    ),
    case(
        "the check of a foreign key",
        &["INSERT INTO tenant_a.posts VALUES (1)"],
        &[],
        "",
    )
    .after(&["CREATE TABLE tenant_a.posts (author BIGINT, FOREIGN KEY (author) REFERENCES tenant_b.users (id))"]),
    case(
        "a cascade that is rolled back",
        &[
            "START TRANSACTION",
            "DELETE FROM public.accounts WHERE id = 1",
            "ROLLBACK",
        ],
        &[],
        "",
    )
    .after(NOTES),
    case("statistics", &["SELECT * FROM mysql.innodb_table_stats"], &[], ""),
    case(
        "a use without a row, of a table that a cascade reaches",
        &["SELECT * FROM tenant_b.notes WHERE id = 99"],
        &[],
        "",
    )
    .after(NOTES),
    case(
        "a use without a row, if the table is closed",
        &["EXPLAIN SELECT * FROM tenant_b.users", "FLUSH TABLES"],
        &[],
        "",
    ),
];
