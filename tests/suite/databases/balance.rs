//! Plans of moves that even out what the databases hold.

use diesel_async::SimpleAsyncConnection;
use diesel_tenants::{
    Placement, TenantPool,
    balance::{BalanceError, BalancePlan, BalanceRequest, StayReason},
};
use diesel_tenants_test_support::{Database, Server};

use super::{Shards, text};
use crate::migrations::Folder;

const ROWS: (&str, &str, &str) = (
    "001_rows",
    "CREATE TABLE rows (id int PRIMARY KEY, text text NOT NULL);",
    "DROP TABLE rows;",
);

/// With shards only, on which these tenants live: each with its database and how many kilobytes it has.
async fn shards_with(tenants: &[(&str, &str, u32)]) -> Shards {
    let shards = Shards::new().await;
    for (tenant, database, kilobytes) in tenants {
        place(&shards, tenant, database).await;
        let database = match *database {
            "one" => &shards.one,
            "two" => &shards.two,
            _ => &shards.main,
        };
        fill(database, tenant, *kilobytes);
    }
    for database in [&shards.main, &shards.one, &shards.two] {
        database.run("ANALYZE");
    }
    shards
}

async fn place(shards: &Shards, tenant: &str, database: &str) {
    let place = Placement::schema(tenant.parse().unwrap());
    let place = match database {
        "main" => place,
        database => place.in_database(database),
    };
    let rows = Folder::of(&[ROWS]);
    shards
        .pool
        .place_tenant(tenant, place, rows.migrations())
        .await
        .unwrap();
}

fn fill(database: &Database, schema: &str, kilobytes: u32) {
    database.run(&format!(
        "INSERT INTO \"{schema}\".rows SELECT n, repeat('x', 960) FROM generate_series(1, {kilobytes}) n"
    ));
}

fn balance(shards: &Shards) -> BalanceRequest<'_> {
    shards.pool.all_databases().balance()
}

fn moves(plan: &BalancePlan) -> Vec<String> {
    let told = |place: &Placement| place.database().unwrap_or("main").to_owned();
    let line = |step: &diesel_tenants::balance::PlannedMove| {
        format!("{} {} {}", step.tenant, told(&step.from), told(&step.to))
    };
    plan.moves.iter().map(line).collect()
}

async fn apply(pool: &TenantPool, plan: &BalancePlan) {
    for step in &plan.moves {
        pool.move_tenant(step.tenant.as_str(), step.to.clone()).await.unwrap();
    }
}

#[tokio::test]
async fn the_moves_even_out_bytes_and_say_what_they_cost() {
    let shards = shards_with(&[
        ("a", "one", 1_000),
        ("b", "one", 1_000),
        ("c", "one", 2_000),
        ("d", "one", 4_000),
    ])
    .await;
    let plan = balance(&shards).await.unwrap();
    // The only tenant that is enough alone. Without a tenant, the main database takes no part.
    assert_eq!(moves(&plan), ["d one two"]);
    let step = &plan.moves[0];
    assert_eq!((step.tables, step.rows), (2, 4_001), "with the table of its versions");
    assert!((4_000_000..6_000_000).contains(&step.bytes), "{}", step.bytes);
    assert_eq!(plan.bytes(), step.bytes);
    let size = shards
        .pool
        .using_database("one")
        .pool()
        .await
        .unwrap()
        .schema_size("d")
        .await;
    assert_eq!(step.bytes, size.unwrap().unwrap().bytes);
    let [main, one, two] = &plan.databases[..] else {
        panic!("{:?}", plan.databases)
    };
    assert!(!main.takes_part && main.tenants == 0);
    assert_eq!((one.tenants, two.tenants, two.bytes), (4, 0, 0));
    assert_eq!((one.bytes_after, two.bytes_after), (one.bytes - step.bytes, step.bytes));
    assert!(one.is_even && two.is_even && plan.is_even());

    apply(&shards.pool, &plan).await;
    // The archive that the move left behind doesn't count.
    let plan = balance(&shards).await.unwrap();
    assert!(plan.moves.is_empty() && plan.is_even(), "{:?}", plan.moves);
    assert_eq!(plan.databases[1].bytes, one.bytes_after);
    // The main database takes part if it is chosen.
    let all = shards.pool.all_databases().only(["main", "one", "two"]);
    let plan = all.balance().tolerance(0.3).at_most(1).await.unwrap();
    assert_eq!(plan.moves.len(), 1);
    assert_eq!(plan.moves[0].to.database(), None);
    assert!(!plan.is_even());
    apply(&shards.pool, &plan).await;
}

#[tokio::test]
async fn some_tenants_stay_whatever_they_hold() {
    let shards = shards_with(&[
        ("kept", "one", 2_000),
        ("suspended", "one", 2_000),
        ("keyless", "one", 2_000),
        ("small", "one", 300),
        ("gone", "main", 2_000),
        ("other", "main", 100),
    ])
    .await;
    shards.one.run("ALTER TABLE keyless.rows DROP CONSTRAINT rows_pkey");
    shards.pool.suspend_tenant("suspended").await.unwrap();
    shards.pool.archive_tenant("gone").await.unwrap();
    shards.pool.prepare_spares(1, Folder::of(&[ROWS])).await.unwrap();
    shards.place("missing", "missing", "two").await;
    shards.two.run("DROP SCHEMA missing CASCADE");

    let plan = balance(&shards).keep(["kept"]).await.unwrap();
    assert!(
        moves(&plan).iter().all(|line| line.starts_with("small one ")),
        "{:?}",
        plan.moves
    );
    assert!(!plan.is_even());
    let mut staying: Vec<(&str, StayReason)> = plan
        .staying
        .iter()
        .map(|stays| (stays.tenant.as_str(), stays.reason))
        .collect();
    staying.sort_by_key(|(tenant, _)| *tenant);
    assert_eq!(
        staying,
        [
            ("kept", StayReason::Kept),
            ("keyless", StayReason::NoPrimaryKey),
            ("missing", StayReason::Missing),
            ("suspended", StayReason::Suspended),
        ]
    );
    // Of the archive and the spare nothing is said, and nothing is counted.
    assert!(plan.databases[0].bytes < 1_000_000 && plan.databases[0].tenants == 1);

    let plan = balance(&shards).keep(["kept"]).suspended().await.unwrap();
    assert_eq!(moves(&plan), ["suspended one two", "small one main"]);
    apply(&shards.pool, &plan).await;
    assert!(
        shards.pool.for_tenant("suspended").get().await.is_err(),
        "it is suspended there, too"
    );
}

#[tokio::test]
async fn no_tenant_moves_into_a_place_that_is_taken_or_to_the_database_of_one_tenant() {
    let shards = shards_with(&[("a", "one", 1_000), ("b", "one", 3_000), ("c", "one", 100)]).await;
    shards.two.run("CREATE SCHEMA b");
    let plan = balance(&shards).await.unwrap();
    assert_eq!(moves(&plan), ["a one two", "c one two"]);
    // As a tenant that was too large for a place beside others.
    let shared = Placement::schema("public".parse().unwrap()).in_database("two");
    let rows = Folder::of(&[ROWS]);
    shards
        .pool
        .place_tenant("alone", shared, rows.migrations())
        .await
        .unwrap();
    let plan = balance(&shards).await.unwrap();
    assert!(plan.moves.is_empty(), "{:?}", plan.moves);
    assert!(!plan.databases[2].takes_part && plan.databases[2].tenants == 1);
    assert_eq!(plan.staying[0].reason, StayReason::OwnDatabase);
}

#[tokio::test]
async fn bad_input_is_refused_before_anything_is_read() {
    let shards = shards_with(&[("a", "one", 1)]).await;
    for tolerance in [-0.1, 1.1, f64::NAN, f64::INFINITY] {
        let error = balance(&shards).tolerance(tolerance).await.unwrap_err();
        assert!(matches!(error, BalanceError::Tolerance { .. }), "{error}");
    }
    let error = text(&balance(&shards).keep(["nobody"]).await.unwrap_err());
    assert!(
        error.contains("there is no tenant \"nobody\", which is to stay"),
        "{error}"
    );
    assert!(balance(&shards).keep([""]).await.is_err());
    let database = Server::shared().database();
    let pool = TenantPool::builder(database.url()).build().await.unwrap();
    let error = pool.all_databases().balance().await.unwrap_err();
    assert!(matches!(error, BalanceError::NoDirectory), "{error}");
}

#[tokio::test]
async fn a_table_that_is_locked_keeps_no_plan_waiting_for_ever() {
    let shards = shards_with(&[("a", "one", 1), ("b", "two", 1)]).await;
    let mut locking = shards.pool.for_tenant("a").get().await.unwrap();
    locking.batch_execute("BEGIN; LOCK TABLE rows").await.unwrap();
    let error = balance(&shards).await.unwrap_err();
    assert!(
        matches!(&error, BalanceError::Measure { database, .. } if database == "one"),
        "{}",
        text(&error)
    );
    locking.batch_execute("ROLLBACK").await.unwrap();
    balance(&shards).await.unwrap();
}
