//! Changes of the structure, and of rights.

use diesel_tenants::testing::isolation::Access::{self, Changed};

use super::cases::{Case, case};

const USERS_CHANGED: &[(&str, Access)] = &[("tenant_b.users", Changed)];

pub(super) const CHANGES: &[Case] = &[
    case(
        "ALTER",
        &["ALTER TABLE tenant_b.users ADD COLUMN note TEXT"],
        USERS_CHANGED,
        "ALTER",
    ),
    case(
        "an index",
        &["CREATE INDEX again ON tenant_b.users (name)"],
        USERS_CHANGED,
        "INDEX",
    ),
    case("TRUNCATE", &["TRUNCATE tenant_b.users"], USERS_CHANGED, "TRUNCATE"),
    case(
        "TRUNCATE of an empty table",
        &["TRUNCATE tenant_b.empty"],
        &[("tenant_b.empty", Changed)],
        "TRUNCATE",
    ),
    case(
        "RENAME",
        &["RENAME TABLE tenant_b.users TO tenant_a.stolen"],
        USERS_CHANGED,
        "RENAME",
    ),
    case(
        "DROP, and CREATE as it was",
        &[
            "DROP TABLE tenant_b.empty",
            "CREATE TABLE tenant_b.empty (id INT PRIMARY KEY)",
        ],
        &[("tenant_b.empty", Changed)],
        "DROP",
    ),
    case(
        "a new table",
        &["CREATE TABLE tenant_b.notes (id INT)"],
        &[("tenant_b.notes", Changed)],
        "CREATE",
    ),
    case(
        "a view",
        &["CREATE OR REPLACE VIEW tenant_b.seen AS SELECT 2"],
        &[("tenant_b.seen", Changed)],
        "VIEW",
    )
    .after(&["CREATE VIEW tenant_b.seen AS SELECT 1"]),
    case(
        "a trigger",
        &["CREATE TRIGGER tenant_b.too AFTER INSERT ON tenant_b.users FOR EACH ROW DO 0"],
        USERS_CHANGED,
        "TRIGGER",
    ),
    case(
        "a routine and an event",
        &[
            "CREATE PROCEDURE tenant_b.nothing() DO 0",
            "CREATE EVENT tenant_b.never ON SCHEDULE EVERY 1 YEAR DISABLE DO DO 0",
        ],
        &[("tenant_b.never", Changed), ("tenant_b.nothing", Changed)],
        "tenant_b",
    ),
    case(
        "a partition",
        &["ALTER TABLE tenant_b.parts TRUNCATE PARTITION p0"],
        &[("tenant_b.parts", Changed)],
        "PARTITION",
    )
    .after(&["CREATE TABLE tenant_b.parts (id INT) PARTITION BY HASH (id) PARTITIONS 2"]),
    case(
        "a right",
        &["GRANT SELECT ON `tenant\\_b`.* TO eve IDENTIFIED BY 'eve'"],
        &[("tenant_b", Changed)],
        "GRANT",
    ),
    case(
        "a database",
        &["CREATE DATABASE elsewhere"],
        &[("elsewhere", Changed)],
        "elsewhere",
    ),
    case(
        "a database's options",
        &["ALTER DATABASE tenant_b CHARACTER SET latin1"],
        &[("tenant_b", Changed)],
        "ALTER",
    ),
    case(
        "odd names",
        &["DROP TABLE elsewhere.`a-b c`"],
        &[("elsewhere.a-b c", Changed)],
        "DROP",
    )
    .after(&["CREATE DATABASE elsewhere", "CREATE TABLE elsewhere.`a-b c` (id INT)"]),
    case(
        "OPTIMIZE",
        &["OPTIMIZE TABLE tenant_b.users"],
        USERS_CHANGED,
        "OPTIMIZE",
    ),
    case(
        "a partition that becomes a table",
        &["ALTER TABLE tenant_a.parts EXCHANGE PARTITION p0 WITH TABLE tenant_b.numbers"],
        &[("tenant_b.numbers", Changed)],
        "EXCHANGE",
    )
    .after(&[
        "CREATE TABLE tenant_a.parts (id INT) PARTITION BY HASH (id) PARTITIONS 2",
        "CREATE TABLE tenant_b.numbers (id INT)",
    ]),
];
