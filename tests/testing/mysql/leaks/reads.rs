//! Reads, and uses of a table in which no row is read.

use diesel_tenants::testing::isolation::Access::{self, Read};

use super::cases::{Case, case};

const USERS_READ: &[(&str, Access)] = &[("tenant_b.users", Read)];

pub(super) const READS: &[Case] = &[
    case(
        "by the key",
        &["SELECT * FROM tenant_b.users WHERE id = 1"],
        USERS_READ,
        "id = 1",
    ),
    case(
        "EXISTS",
        &["SELECT EXISTS (SELECT 1 FROM tenant_b.users)"],
        USERS_READ,
        "EXISTS",
    ),
    case("COUNT", &["SELECT COUNT(*) FROM tenant_b.users"], USERS_READ, "COUNT"),
    case(
        "of an index alone",
        &["SELECT MAX(name) FROM tenant_b.users"],
        USERS_READ,
        "MAX",
    ),
    case(
        "a row that isn't there",
        &["SELECT * FROM tenant_b.users WHERE id = 99"],
        USERS_READ,
        "99",
    ),
    case(
        "no rows at all",
        &["SELECT * FROM tenant_b.users LIMIT 0"],
        USERS_READ,
        "LIMIT 0",
    ),
    case(
        "an empty table",
        &["SELECT * FROM tenant_b.empty"],
        &[("tenant_b.empty", Read)],
        "empty",
    ),
    case(
        "rows that MyISAM has counted",
        &["SELECT COUNT(*) FROM tenant_b.counted"],
        &[("tenant_b.counted", Read)],
        "COUNT",
    )
    .after(&[
        "CREATE TABLE tenant_b.counted (id INT) ENGINE = MyISAM",
        "INSERT INTO tenant_b.counted VALUES (1), (2)",
    ]),
    case(
        "a partition",
        &["SELECT * FROM tenant_b.parts"],
        &[("tenant_b.parts", Read)],
        "parts",
    )
    .after(&[
        "CREATE TABLE tenant_b.parts (id INT) PARTITION BY HASH (id) PARTITIONS 2",
        "INSERT INTO tenant_b.parts VALUES (1), (2)",
    ]),
    case(
        "INSERT ... SELECT",
        &["INSERT INTO tenant_a.users (name) SELECT name FROM tenant_b.users"],
        USERS_READ,
        "SELECT",
    ),
    case(
        "CREATE ... SELECT",
        &["CREATE TABLE tenant_a.copy SELECT name FROM tenant_b.users"],
        USERS_READ,
        "CREATE",
    ),
    case(
        "CREATE ... LIKE",
        &["CREATE TABLE tenant_a.copy LIKE tenant_b.users"],
        USERS_READ,
        "LIKE",
    ),
    case(
        "a temporary table of one's own",
        &["CREATE TEMPORARY TABLE tenant_a.copy SELECT * FROM tenant_b.users"],
        USERS_READ,
        "TEMPORARY",
    ),
    case(
        "UPDATE with the same values",
        &["UPDATE tenant_b.users SET name = name"],
        USERS_READ,
        "UPDATE",
    ),
    case(
        "DELETE of no rows",
        &["DELETE FROM tenant_b.users WHERE id = 99"],
        USERS_READ,
        "DELETE",
    ),
    case(
        "a transaction that goes on",
        &["START TRANSACTION", "SELECT * FROM tenant_b.users"],
        USERS_READ,
        "SELECT",
    ),
    case(
        "a prepared statement",
        &["PREPARE s FROM 'SELECT * FROM tenant_b.users'", "EXECUTE s"],
        USERS_READ,
        "SELECT",
    ),
    case("a view", &["SELECT * FROM tenant_a.theirs"], USERS_READ, "theirs")
        .after(&["CREATE VIEW tenant_a.theirs AS SELECT name FROM tenant_b.users"]),
    case(
        "another's view of nothing",
        &["SELECT * FROM tenant_b.nothing"],
        &[("tenant_b.nothing", Read)],
        "nothing",
    )
    .after(&["CREATE VIEW tenant_b.nothing AS SELECT 1"]),
    case("another's procedure", &["CALL tenant_b.list()"], USERS_READ, "CALL")
        .after(&["CREATE PROCEDURE tenant_b.list() SELECT name FROM users"]),
    case("SHOW CREATE", &["SHOW CREATE TABLE tenant_b.users"], USERS_READ, "SHOW"),
    case(
        "EXPLAIN",
        &["EXPLAIN SELECT * FROM tenant_b.users"],
        USERS_READ,
        "EXPLAIN",
    ),
    case(
        "LOCK TABLES",
        &["LOCK TABLES tenant_b.users READ", "UNLOCK TABLES"],
        USERS_READ,
        "LOCK",
    ),
    case(
        "columns in the catalogs",
        &["SELECT * FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = 'tenant_b'"],
        &[("tenant_b.empty", Read), ("tenant_b.users", Read)],
        "COLUMNS",
    ),
    case(
        "counts that begin anew",
        &["SELECT * FROM tenant_b.users", "FLUSH TABLE_STATISTICS"],
        USERS_READ,
        "SELECT",
    ),
    case(
        "a database that no tenant is named after",
        &["SELECT * FROM elsewhere.users"],
        &[("elsewhere.users", Read)],
        "elsewhere",
    )
    .after(&["CREATE DATABASE elsewhere", "CREATE TABLE elsewhere.users (id INT)"]),
];
