//! Plans of moves that even out what the databases hold.

use diesel_async::SimpleAsyncConnection;
use diesel_tenants::{
    Placement, TenantPool,
    balance::{BalanceError, BalancePlan, BalanceRequest, StayReason},
    pool::DatabasesError,
};
use diesel_tenants_test_support::{Database, Server};

use super::{Shards, bad_input::nobody, text};
use crate::migrations::Folder;

const ROWS: (&str, &str, &str) = (
    "001_rows",
    "CREATE TABLE rows (id int PRIMARY KEY, text text NOT NULL);",
    "DROP TABLE rows;",
);

/// With shards only, on which these tenants live: each with its database and how many kilobytes it has.
async fn shards_with(tenants: &[(&str, &str, u32)]) -> Shards {
    fill_all(Shards::new().await, tenants).await
}

async fn fill_all(shards: Shards, tenants: &[(&str, &str, u32)]) -> Shards {
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
    place_in(shards, tenant, tenant, database).await;
}

async fn place_in(shards: &Shards, tenant: &str, schema: &str, database: &str) {
    let place = Placement::schema(schema.parse().unwrap());
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
        let request = pool.move_tenant(step.tenant.as_str(), step.to.clone());
        let moved = request.only_from(step.from.clone()).await.unwrap();
        assert!(!moved.already_there);
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
    assert_eq!(moves(&plan), ["small one two"]);
    // A further call protects further tenants.
    let none = balance(&shards).keep(["kept"]).keep(["small", "other"]).await.unwrap();
    assert!(none.moves.is_empty(), "{:?}", none.moves);
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
    let shards = shards_with(&[("a", "one", 1_000), ("b", "one", 1_500), ("c", "one", 400)]).await;
    shards.two.run("CREATE SCHEMA b");
    let plan = balance(&shards).await.unwrap();
    assert_eq!(moves(&plan), ["a one two", "c one two"]);
    // What a move left there before it was killed is no obstacle: the same move clears it away.
    shards.two.run(
        "CREATE TABLE b.__diesel_schema_migrations (version text PRIMARY KEY, run_on timestamp);
         COMMENT ON TABLE b.__diesel_schema_migrations IS 'diesel-tenants: creation unfinished'",
    );
    let plan = balance(&shards).await.unwrap();
    assert_eq!(moves(&plan), ["b one two"]);
    apply(&shards.pool, &plan).await;
    let back = Placement::schema("b".parse().unwrap()).in_database("one");
    shards.pool.move_tenant("b", back).drop_source().await.unwrap();
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
    // A tenant that got there before is named.
    place(&shards, "beside", "two").await;
    let plan = balance(&shards).await.unwrap();
    let beside = plan.staying.iter().find(|stays| stays.tenant.as_str() == "beside");
    assert_eq!(beside.map(|stays| stays.reason), Some(StayReason::NotTakingPart));
}

#[tokio::test]
async fn a_schema_keeps_its_name_on_a_shard_and_has_the_tenants_name_in_the_main_database() {
    let shards = shards_with(&[("y", "one", 1_500)]).await;
    place_in(&shards, "x", "other name", "one").await;
    fill(&shards.one, "other name", 900);
    let plan = async |databases: [&str; 2]| {
        let all = shards.pool.all_databases().only(databases);
        all.balance().await.unwrap()
    };
    let there = plan(["main", "one"]).await;
    assert_eq!(moves(&there), ["x one main"]);
    assert_eq!(there.moves[0].to, Placement::schema("x".parse().unwrap()));
    let aside = plan(["one", "two"]).await;
    assert_eq!(moves(&aside), ["x one two"]);
    let kept = Placement::schema("other name".parse().unwrap()).in_database("two");
    assert_eq!(aside.moves[0].to, kept);
    apply(&shards.pool, &aside).await;
    shards.pool.for_tenant("x").get().await.unwrap();
}

#[tokio::test]
async fn a_database_that_is_down_is_an_error_or_is_left_out_by_choice() {
    let shards = Shards::with(|builder| builder.database("down", nobody())).await;
    let shards = fill_all(shards, &[("a", "one", 500), ("b", "one", 500)]).await;
    let error = text(&balance(&shards).await.unwrap_err());
    assert!(error.contains("can't reach database \"down\""), "{error}");
    let plan = shards.pool.all_databases().skip_unreachable().balance().await.unwrap();
    let down = plan.databases.iter().find(|load| load.database == "down").unwrap();
    assert!(down.unreachable.is_some() && !down.takes_part);
    let [only] = &moves(&plan)[..] else {
        panic!("{:?}", plan.moves)
    };
    assert!(only.ends_with(" one two"), "{only}");
}

#[tokio::test]
async fn a_standby_is_an_error() {
    let primary = Server::builder()
        .setting("wal_level", "replica")
        .setting("max_wal_senders", "4")
        .start()
        .unwrap();
    let shard = primary.database();
    let standby = primary.replica();
    let url = standby.url_for(shard.name());
    let begun = std::time::Instant::now();
    while TenantPool::builder(url.clone()).build().await.is_err() {
        assert!(begun.elapsed().as_secs() < 20, "the standby has no such database");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let shards = Shards::with(|builder| builder.database("standby", url)).await;
    let error = balance(&shards).await.unwrap_err();
    let is_named = matches!(
        &error,
        BalanceError::Databases(DatabasesError::ReadOnly { database }) if database == "standby"
    );
    assert!(is_named, "{error:?}");
}

#[tokio::test]
async fn bad_input_is_refused_before_a_database_is_connected_to() {
    let shards = Shards::with(|builder| builder.database("down", nobody())).await;
    for tolerance in [-0.1, 1.1, f64::NAN, f64::INFINITY] {
        let error = balance(&shards).tolerance(tolerance).await.unwrap_err();
        assert!(matches!(error, BalanceError::Tolerance { .. }), "{error}");
    }
    let error = text(&balance(&shards).keep(["nobody"]).await.unwrap_err());
    assert!(
        error.contains("`keep` names tenant \"nobody\", which does not exist"),
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
    assert!(balance(&shards).await.unwrap().moves.is_empty());
}
