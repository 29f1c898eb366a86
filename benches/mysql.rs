//! A pool of MySQL against connections by hand: Diesel's queries with the tenant's database written in them, and `USE` of
//! the tenant's database before each query, as toolkits with a database for each tenant do it.
//!
//! Contenders take turns, so that a machine whose speed drifts slows all; what counts is the ratio of the medians. The
//! server is a throw-away MariaDB. `TENANTS=2000` is the size of the fleet, `RUNS=3` prints the median and the worst of
//! three runs.

use std::{
    env,
    hint::black_box,
    time::{Duration, Instant},
};

use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncMysqlConnection, RunQueryDsl, SimpleAsyncConnection};
use diesel_tenants::{Mysql, MysqlUrl, TenantPool};
use diesel_tenants_test_support::MariaDb;

diesel::table! { orders (id) { id -> BigInt, user_id -> BigInt, quantity -> Integer } }

/// The same table, with the database of one tenant.
mod qualified {
    diesel::table! { tenant0.orders (id) { id -> BigInt, user_id -> BigInt, quantity -> Integer } }
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

#[tokio::main]
async fn main() {
    let server = MariaDb::shared();
    let tenants = number("TENANTS", 2_000);
    create(server, tenants).await;
    let mut ratios: Vec<(&str, Vec<f64>)> = Vec::new();
    let runs = number("RUNS", 1);
    for run in 1..=runs {
        println!("run {run} of {runs}");
        let all = [
            ("hot / qualified by hand", hot(server, ByHand::Qualified).await),
            ("hot / USE and a query", hot(server, ByHand::Use).await),
            ("cold / USE and a query", cold(server, tenants).await),
        ];
        for (name, ratio) in all {
            match ratios.iter_mut().find(|(other, _)| *other == name) {
                Some((_, ratios)) => ratios.push(ratio),
                None => ratios.push((name, vec![ratio])),
            }
        }
    }
    println!("\n{:44} {:>8} {:>8}", "", "median", "worst");
    for (name, mut ratios) in ratios {
        ratios.sort_by(f64::total_cmp);
        println!(
            "{name:44} {:8.2} {:8.2}",
            ratios[ratios.len() / 2],
            ratios[ratios.len() - 1]
        );
    }
}

/// The tenants' databases, and what the library knows of them.
async fn create(server: &MariaDb, tenants: usize) {
    let mut conn = by_hand(server).await;
    let registry = "CREATE DATABASE public;
        CREATE TABLE public.__diesel_tenants (name VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin PRIMARY KEY,
            status VARCHAR(16) NOT NULL, number BIGINT NOT NULL DEFAULT 0)";
    conn.batch_execute(registry).await.expect("the tenants' table");
    for number in 0..tenants {
        let name = tenant(number);
        let sql = format!(
            "CREATE DATABASE {name};
            CREATE TABLE {name}.orders (id BIGINT PRIMARY KEY AUTO_INCREMENT, user_id BIGINT NOT NULL, quantity INT NOT NULL);
            INSERT INTO {name}.orders (user_id, quantity) VALUES (1, 1), (2, 2);
            INSERT INTO public.__diesel_tenants (name, status) VALUES ('{name}', 'active')"
        );
        conn.batch_execute(&sql).await.expect("a tenant");
    }
}

async fn by_hand(server: &MariaDb) -> AsyncMysqlConnection {
    AsyncMysqlConnection::establish(&server.url())
        .await
        .expect("a connection")
}

async fn pool(server: &MariaDb) -> TenantPool<Mysql> {
    let url: MysqlUrl = server.url().parse().expect("a URL");
    TenantPool::builder(url).max_size(2).build().await.expect("a pool")
}

async fn ours(pool: &TenantPool<Mysql>, tenant: &str) {
    let mut conn = pool.for_tenant(tenant).get().await.expect("a checkout");
    let found = orders::table.filter(orders::user_id.eq(1)).select(orders::quantity);
    black_box(found.load::<i32>(&mut conn).await.expect("the quantities"));
}

async fn used(conn: &mut AsyncMysqlConnection, tenant: &str) {
    conn.batch_execute(&format!("USE `{tenant}`"))
        .await
        .expect("the tenant's database");
    let found = orders::table.filter(orders::user_id.eq(1)).select(orders::quantity);
    black_box(found.load::<i32>(conn).await.expect("the quantities"));
}

async fn qualified(conn: &mut AsyncMysqlConnection) {
    use qualified::orders;

    let found = orders::table.filter(orders::user_id.eq(1)).select(orders::quantity);
    black_box(found.load::<i32>(conn).await.expect("the quantities"));
}

#[derive(Clone, Copy, PartialEq)]
enum ByHand {
    Qualified,
    Use,
}

/// A checkout and a query of one tenant, against a query on one connection.
async fn hot(server: &MariaDb, contender: ByHand) -> f64 {
    let pool = pool(server).await;
    let mut conn = by_hand(server).await;
    let name = tenant(0);
    let (mut one, mut other) = (Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        let begun = Instant::now();
        for _ in 0..QUERIES {
            ours(&pool, &name).await;
        }
        let first = begun.elapsed();
        let begun = Instant::now();
        for _ in 0..QUERIES {
            match contender {
                ByHand::Qualified => qualified(&mut conn).await,
                ByHand::Use => used(&mut conn, &name).await,
            }
        }
        if round > 0 {
            one.push(first);
            other.push(begun.elapsed());
        }
    }
    report("hot", one, other, QUERIES)
}

/// Each tenant of the fleet once, on a pool that has not seen it before.
async fn cold(server: &MariaDb, tenants: usize) -> f64 {
    let pool = pool(server).await;
    let mut conn = by_hand(server).await;
    let (mut one, mut other) = (Vec::new(), Vec::new());
    for number in 0..tenants {
        let name = tenant(number);
        let theirs = tenant((number + tenants / 2) % tenants);
        let begun = Instant::now();
        ours(&pool, &name).await;
        one.push(begun.elapsed());
        let begun = Instant::now();
        used(&mut conn, &theirs).await;
        other.push(begun.elapsed());
    }
    report("cold", one, other, 1)
}

fn report(what: &str, mut ours: Vec<Duration>, mut theirs: Vec<Duration>, queries: usize) -> f64 {
    ours.sort();
    theirs.sort();
    let (ours, theirs) = (ours[ours.len() / 2], theirs[theirs.len() / 2]);
    let each = |time: Duration| time.as_secs_f64() * 1e6 / queries as f64;
    println!("{what}: {:.1} µs, against {:.1} µs", each(ours), each(theirs));
    ours.as_secs_f64() / theirs.as_secs_f64()
}
