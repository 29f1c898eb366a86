//! Moving, exporting and importing a tenant of 304,000 rows, against
//! `psql -c 'COPY … TO STDOUT' | psql -c 'COPY … FROM STDIN'` in the same run.
//!
//! Contenders take turns, and each begins with an empty target. Both make the tables, copy the rows and build the keys;
//! ours also notes what is written meanwhile, switches the directory and keeps the source as an archive. Needs `psql`
//! in `$PATH`.

use std::{
    process::Command,
    time::{Duration, Instant},
};

use diesel_tenants::{Placement, TenantPool, directory::DirectoryTables, migrations::NoMigrations};
use diesel_tenants_test_support::{Database, Server};

const ROUNDS: usize = 3;
const ORDERS: usize = 300_000;
const ITEMS: usize = 4_000;

const TABLES: &str = "
    CREATE TABLE client1.items (id int, description text, price int);
    CREATE TABLE client1.orders (id bigint, item_id int, quantity int, note text, at timestamptz);";

const KEYS: &str = "ALTER TABLE client1.items ADD PRIMARY KEY (id); ALTER TABLE client1.orders ADD PRIMARY KEY (id)";

#[tokio::main]
async fn main() {
    let (first, second) = (Server::start(), Server::start());
    let (home, shard) = (first.database(), second.database());
    let pool = TenantPool::builder(home.url())
        .directory(DirectoryTables::new())
        .database("shard", shard.url())
        .build()
        .await
        .expect("a pool");
    pool.prepare_directory().await.expect("the directory's tables");
    pool.create_tenant("client1", NoMigrations).await.expect("a tenant");
    home.run(&format!(
        "{TABLES} {KEYS};
         INSERT INTO client1.items SELECT n, 'item ' || n, n FROM generate_series(1, {ITEMS}) n;
         INSERT INTO client1.orders SELECT n, 1 + n % {ITEMS}, n % 10, repeat('x', n % 80), '2026-11-21'::timestamptz + n * interval '1 s' \
         FROM generate_series(1, {ORDERS}) n;"
    ));

    let mut times = Times::default();
    for round in 0..ROUNDS {
        if round % 2 == 0 {
            times.by_hand.push(copy_by_hand(&home, &shard));
        }
        let exported = Instant::now();
        let mut bytes = Vec::new();
        let export = pool.export_tenant("client1").to(&mut bytes).await.expect("an export");
        times.export.push(exported.elapsed());
        assert_eq!(export.rows, (ORDERS + ITEMS) as u64);
        let imported = Instant::now();
        pool.import_tenant("copy").from(&bytes[..]).await.expect("an import");
        times.import.push(imported.elapsed());
        pool.drop_tenant("copy").await.expect("no copy any more");

        let moved = Instant::now();
        move_to(&pool, placement().in_database("shard")).await;
        times.to_shard.push(moved.elapsed());
        let moved = Instant::now();
        move_to(&pool, placement()).await;
        times.back.push(moved.elapsed());
        if round % 2 == 1 {
            times.by_hand.push(copy_by_hand(&home, &shard));
        }
    }
    times.print();
}

#[derive(Default)]
struct Times {
    by_hand: Vec<Duration>,
    to_shard: Vec<Duration>,
    back: Vec<Duration>,
    export: Vec<Duration>,
    import: Vec<Duration>,
}

impl Times {
    fn print(self) {
        let by_hand = median(&self.by_hand);
        for (name, times) in [
            ("psql COPY | psql COPY", &self.by_hand),
            ("move_tenant", &self.to_shard),
            ("move_tenant, back again", &self.back),
            ("export_tenant, to memory", &self.export),
            ("import_tenant, from memory", &self.import),
        ] {
            let worst = times.iter().max().copied().unwrap_or_default();
            println!(
                "{name}: median of {} {:.2} s, worst {:.2} s; / psql  {:.2}",
                times.len(),
                median(times).as_secs_f64(),
                worst.as_secs_f64(),
                median(times).as_secs_f64() / by_hand.as_secs_f64()
            );
        }
    }
}

fn placement() -> Placement {
    Placement::schema("client1".parse().expect("a name"))
}

async fn move_to(pool: &TenantPool, to: Placement) {
    let moved = pool.move_tenant("client1", to).drop_source().await.expect("a move");
    assert!(
        moved.rows == (ORDERS + ITEMS) as u64 && moved.left.is_empty(),
        "{moved:?}"
    );
}

/// Makes the tables at the shard, copies their rows, builds the keys, and drops them again. The last is not timed.
fn copy_by_hand(from: &Database, to: &Database) -> Duration {
    let started = Instant::now();
    to.run(&format!("CREATE SCHEMA client1; {TABLES}"));
    for table in ["items", "orders"] {
        let copied = Command::new("sh")
            .args([
                "-ec",
                "psql --quiet --no-psqlrc \"$0\" -c \"COPY client1.$2 TO STDOUT\" | psql --quiet --no-psqlrc \"$1\" -c \"COPY client1.$2 FROM STDIN\"",
            ])
            .args([from.url(), to.url(), table])
            .status()
            .expect("a shell");
        assert!(copied.success());
    }
    to.run(KEYS);
    let took = started.elapsed();
    to.run("DROP SCHEMA client1 CASCADE");
    took
}

fn median(times: &[Duration]) -> Duration {
    let mut times = times.to_vec();
    times.sort();
    times[times.len() / 2]
}
