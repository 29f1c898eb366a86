//! A pool of files against connections that are opened by hand: one for each tenant, with the tenant's file as `main` and
//! the shared file attached, on diesel-async's own wrapper. With the feature `blocking`, a pool without async against
//! the one with it.
//!
//! Contenders take turns, so that a machine whose speed drifts slows both; what counts is the ratio of the medians.
//! `TENANTS=10000` is the size of the fleet, `RUNS=3` prints the median and the worst of three runs.

use std::{
    env,
    fmt::Display,
    hint::black_box,
    path::Path,
    time::{Duration, Instant},
};

use diesel::prelude::*;
use diesel_async::{
    AsyncConnection, RunQueryDsl, SimpleAsyncConnection, sync_connection_wrapper::SyncConnectionWrapper,
};
use diesel_migrations::FileBasedMigrations;
use diesel_tenants::{Sqlite, SqliteFolder, TenantPool};
use tempfile::TempDir;

type ByHand = SyncConnectionWrapper<SqliteConnection>;

diesel::table! { public.users (id) { id -> BigInt, name -> Text } }
diesel::table! { orders (id) { id -> BigInt, user_id -> BigInt, quantity -> Integer } }

/// The same tables, without the tenant's schema.
mod by_hand {
    diesel::table! { orders (id) { id -> BigInt, user_id -> BigInt, quantity -> Integer } }
}

const ROUNDS: usize = 40;
const QUERIES: usize = 250;

fn number(name: &str, default: usize) -> usize {
    env::var(name)
        .ok()
        .and_then(|number| number.parse().ok())
        .unwrap_or(default)
}

fn tenant(number: usize) -> String {
    format!("tenant{number}")
}

fn migrations(folder: &Path, name: &str, sql: &str) -> FileBasedMigrations {
    let migrations = folder.join(name);
    std::fs::create_dir_all(migrations.join("1_tables")).expect("a folder");
    std::fs::write(migrations.join("1_tables/up.sql"), sql).expect("a migration");
    FileBasedMigrations::from_path(migrations).expect("migrations")
}

#[tokio::main]
async fn main() {
    let mut ratios: Vec<(String, Vec<f64>)> = Vec::new();
    let runs = number("RUNS", 1);
    for run in 1..=runs {
        println!("run {run} of {runs}");
        for (name, ratio) in all().await {
            match ratios.iter_mut().find(|(other, _)| *other == name) {
                Some((_, ratios)) => ratios.push(ratio),
                None => ratios.push((name, vec![ratio])),
            }
        }
    }
    println!("\n{:44} {:>8} {:>8}", "", "median", "worst");
    for (name, mut ratios) in ratios {
        ratios.sort_by(f64::total_cmp);
        let (median, worst) = (ratios[ratios.len() / 2], ratios[ratios.len() - 1]);
        println!("{name:44} {median:8.2} {worst:8.2}");
    }
}

async fn all() -> Vec<(String, f64)> {
    let folder = TempDir::new().expect("a folder");
    let sources = TempDir::new().expect("a folder");
    let pool = TenantPool::builder(SqliteFolder::new(folder.path()))
        .max_size(2)
        .max_idle(1_024)
        .build()
        .await
        .expect("a pool");
    let users = "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL)";
    let orders = "CREATE TABLE orders (id INTEGER PRIMARY KEY, user_id BIGINT NOT NULL, quantity INTEGER NOT NULL)";
    pool.migrate_shared(migrations(sources.path(), "shared", users))
        .await
        .expect("users");
    let tenants = number("TENANTS", 10_000);
    let source = migrations(sources.path(), "tenant", orders);
    let first = 1_000.min(tenants);
    let created = Instant::now();
    for number in 0..first {
        pool.create_tenant(tenant(number), source.clone())
            .await
            .expect("a tenant");
    }
    say("created", first, created.elapsed());
    let mut ratios = Vec::new();
    for tenants in [1, 100, first] {
        ratios.push((
            format!("hot, {tenants} tenants / by hand"),
            hot(&pool, folder.path(), tenants).await,
        ));
    }
    #[cfg(feature = "blocking")]
    ratios.push((
        "hot, 100 tenants, without async / with it".to_owned(),
        without_async(&pool, folder.path(), 100.min(first)).await,
    ));
    ratios.push((
        "a tenant without a connection / by hand".to_owned(),
        cold(folder.path(), first).await,
    ));
    for number in first..tenants {
        copy(folder.path(), &tenant(number));
    }
    // A file that was written a moment ago is looked at with locks.
    tokio::time::sleep(Duration::from_secs(4)).await;
    let begun = Instant::now();
    let report = pool.migrate_tenants(source).workers(2).run().await.expect("a report");
    say(
        &format!("a run without pending migrations ({report})"),
        tenants,
        begun.elapsed(),
    );
    ratios
}

/// A tenant's file, as fast as it can be made.
fn copy(folder: &Path, tenant: &str) {
    std::fs::copy(folder.join("tenant0.db"), folder.join(format!("{tenant}.db"))).expect("a copy");
}

fn say(what: &str, number: impl Display, took: Duration) {
    println!("{what}: {number} tenants in {took:.2?}");
}

async fn open(folder: &Path, tenant: &str) -> ByHand {
    let path = |name: &str| format!("file:{}/{name}.db?mode=rw", folder.display());
    let mut connection = ByHand::establish(&path(tenant)).await.expect("a connection");
    let attach = format!("ATTACH '{}' AS public", path("public"));
    connection.batch_execute(&attach).await.expect("the shared file");
    connection
}

/// A checkout and a query of tenants in turn, against the same query on each one's own connection.
async fn hot(pool: &TenantPool<Sqlite>, folder: &Path, tenants: usize) -> f64 {
    let names: Vec<String> = (0..tenants).map(tenant).collect();
    let mut connections = Vec::new();
    for name in &names {
        connections.push(open(folder, name).await);
    }
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        let queries = QUERIES.max(if round == 0 { tenants } else { 0 });
        let begun = Instant::now();
        for number in 0..queries {
            let mut conn = pool
                .for_tenant(&names[number % tenants])
                .get()
                .await
                .expect("a checkout");
            black_box(
                orders::table
                    .count()
                    .get_result::<i64>(&mut conn)
                    .await
                    .expect("a count"),
            );
        }
        let one = begun.elapsed();
        let begun = Instant::now();
        for number in 0..queries {
            let conn = &mut connections[number % tenants];
            black_box(
                by_hand::orders::table
                    .count()
                    .get_result::<i64>(conn)
                    .await
                    .expect("a count"),
            );
        }
        if round > 0 {
            ours.push(one);
            theirs.push(begun.elapsed());
        }
    }
    report(&format!("hot, {tenants} tenants"), ours, theirs, QUERIES)
}

/// The same without async, where a statement takes no way from thread to thread.
#[cfg(feature = "blocking")]
async fn without_async(pool: &TenantPool<Sqlite>, folder: &Path, tenants: usize) -> f64 {
    let names: Vec<String> = (0..tenants).map(tenant).collect();
    let build = || {
        diesel_tenants::blocking::TenantPool::<Sqlite>::builder(SqliteFolder::new(folder))
            .max_idle(1_024)
            .build()
            .expect("a pool")
    };
    let blocking = tokio::task::block_in_place(build);
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        let begun = Instant::now();
        tokio::task::block_in_place(|| {
            for number in 0..QUERIES {
                let mut conn = blocking.for_tenant(&names[number % tenants]).get().expect("a checkout");
                let count = diesel::RunQueryDsl::get_result::<i64>(orders::table.count(), &mut conn);
                black_box(count.expect("a count"));
            }
        });
        let one = begun.elapsed();
        let begun = Instant::now();
        for number in 0..QUERIES {
            let mut conn = pool
                .for_tenant(&names[number % tenants])
                .get()
                .await
                .expect("a checkout");
            black_box(
                RunQueryDsl::get_result::<i64>(orders::table.count(), &mut conn)
                    .await
                    .expect("a count"),
            );
        }
        if round > 0 {
            ours.push(one);
            theirs.push(begun.elapsed());
        }
    }
    tokio::task::block_in_place(|| drop(blocking));
    report("without async", ours, theirs, QUERIES)
}

/// A query of a tenant that has no connection, against opening its files by hand. Closing is part of neither.
async fn cold(folder: &Path, tenants: usize) -> f64 {
    let pool = TenantPool::builder(SqliteFolder::new(folder))
        .max_size(2)
        .max_idle(1)
        .build()
        .await
        .expect("a pool");
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS * 5 {
        let name = tenant(round % tenants);
        let begun = Instant::now();
        let mut conn = pool.for_tenant(&name).get().await.expect("a checkout");
        black_box(
            orders::table
                .count()
                .get_result::<i64>(&mut conn)
                .await
                .expect("a count"),
        );
        ours.push(begun.elapsed());
        drop(conn);
        let name = tenant((round + tenants / 2) % tenants);
        let begun = Instant::now();
        let mut conn = open(folder, &name).await;
        black_box(
            by_hand::orders::table
                .count()
                .get_result::<i64>(&mut conn)
                .await
                .expect("a count"),
        );
        theirs.push(begun.elapsed());
    }
    report("a tenant without a connection", ours, theirs, 1)
}

fn report(what: &str, mut ours: Vec<Duration>, mut theirs: Vec<Duration>, queries: usize) -> f64 {
    ours.sort();
    theirs.sort();
    let (ours, theirs) = (ours[ours.len() / 2], theirs[theirs.len() / 2]);
    let each = |time: Duration| time.as_secs_f64() * 1e6 / queries as f64;
    println!("{what}: {:.1} µs, against {:.1} µs", each(ours), each(theirs));
    ours.as_secs_f64() / theirs.as_secs_f64()
}
