//! Writes.

use diesel_tenants::testing::isolation::Access::{Read, Written};

use super::cases::{Case, NOTES, case};

pub(super) const WRITES: &[Case] = &[
    case(
        "INSERT",
        &["INSERT INTO tenant_b.empty VALUES (1)"],
        &[("tenant_b.empty", Written)],
        "INSERT",
    ),
    case(
        "all rows of MyISAM, which it does not count: the table was used",
        &["DELETE FROM tenant_b.counted"],
        &[("tenant_b.counted", Read)],
        "DELETE",
    )
    .after(&[
        "CREATE TABLE tenant_b.counted (id INT) ENGINE = MyISAM",
        "INSERT INTO tenant_b.counted VALUES (1), (2)",
    ]),
    case(
        "a transaction that is rolled back",
        &[
            "START TRANSACTION",
            "UPDATE tenant_b.users SET name = 'Eve'",
            "ROLLBACK",
        ],
        &[("tenant_b.users", Read), ("tenant_b.users", Written)],
        "UPDATE",
    ),
    case(
        "a sequence",
        &["SELECT NEXTVAL(tenant_b.numbers)"],
        &[("tenant_b.numbers", Written)],
        "NEXTVAL",
    )
    .after(&["CREATE SEQUENCE tenant_b.numbers"]),
    case(
        "a trigger",
        &["INSERT INTO tenant_a.users (name) VALUES ('Bob')"],
        &[("tenant_b.empty", Written)],
        "tenant_b.empty",
    )
    .after(&["CREATE TRIGGER tenant_a.too AFTER INSERT ON tenant_a.users \
         FOR EACH ROW INSERT INTO tenant_b.empty VALUES (NEW.id)"]),
    case(
        "an event",
        &[
            "SET GLOBAL event_scheduler = 1",
            "CREATE EVENT tenant_a.soon ON SCHEDULE AT NOW() DO INSERT INTO tenant_b.empty VALUES (5)",
            "DO SLEEP(1.5)",
            "SET GLOBAL event_scheduler = 0",
        ],
        &[("tenant_b.empty", Written)],
        "tenant_b.empty",
    ),
    case(
        "a cascade, and a cascade of it",
        &["DELETE FROM public.accounts WHERE id = 1"],
        &[("tenant_b.notes", Written), ("tenant_b.words", Written)],
        "DELETE",
    )
    .after(NOTES),
];
