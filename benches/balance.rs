//! How long it takes to plan the balance of 10,000 tenants over four databases, and how much memory a server's process
//! needs to measure tenants of many tables.

use std::{
    fs,
    time::{Duration, Instant},
};

use diesel_tenants::{TenantPool, directory::DirectoryTables};
use diesel_tenants_test_support::{Database, Server};

/// How many tenants each database has.
const TENANTS: [usize; 4] = [5_000, 3_000, 2_000, 0];

#[tokio::main]
async fn main() {
    let servers: Vec<Server> = TENANTS.iter().map(|_| Server::start()).collect();
    let databases: Vec<Database> = servers.iter().map(Server::database).collect();
    let mut builder = TenantPool::builder(databases[0].url()).directory(DirectoryTables::new());
    for (number, database) in databases.iter().enumerate().skip(1) {
        builder = builder.database(format!("shard{number}"), database.url());
    }
    let pool = builder.build().await.expect("a pool");
    pool.prepare_directory().await.expect("a directory");
    for (number, (database, count)) in databases.iter().zip(TENANTS).enumerate() {
        make_tenants(database, number, count);
        let place = match number {
            0 => "NULL".to_owned(),
            number => format!("'shard{number}'"),
        };
        databases[0].run(&format!(
            "INSERT INTO public.tenants (name, schema_name, database_name) \
             SELECT 'd{number}t' || i, 'd{number}t' || i, {place} FROM generate_series(1, {count}) i"
        ));
    }
    let mut times = Vec::new();
    for round in 0..5 {
        let begun = Instant::now();
        let plan = pool.all_databases().balance().await.expect("a plan");
        times.push(begun.elapsed());
        assert!(plan.is_even(), "{:?}", plan.databases);
        if round == 0 {
            println!(
                "a plan of {} moves and {} MB",
                plan.moves.len(),
                plan.bytes() / 1_000_000
            );
        }
    }
    println!(
        "balance of {} tenants of two tables in {} databases: {:.2} s, the first time {:.2} s; busiest backend {} MB",
        TENANTS.iter().sum::<usize>(),
        TENANTS.len(),
        median(&times).as_secs_f64(),
        times[0].as_secs_f64(),
        measure_memory(&pool, &databases).await
    );
}

/// Tenants of two tables and three indexes, of up to 80 kB.
fn make_tenants(database: &Database, number: usize, count: usize) {
    for first in (1..=count).step_by(50) {
        let last = count.min(first + 49);
        database.run(&format!(
            "DO $$ BEGIN FOR i IN {first}..{last} LOOP EXECUTE format('CREATE SCHEMA %1$I; \
             CREATE TABLE %1$I.items (id bigint PRIMARY KEY, name text); CREATE INDEX ON %1$I.items (name); \
             INSERT INTO %1$I.items SELECT n, ''item '' || n FROM generate_series(1, %2$s) n; \
             CREATE TABLE %1$I.__diesel_schema_migrations (version VARCHAR(50) PRIMARY KEY NOT NULL, \
             run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, checksum TEXT)', 'd{number}t' || i, i * 7919 % 400); \
             END LOOP; END $$"
        ));
    }
}

/// The memory of the largest of all backends while plans are made, in MB, where the system tells.
async fn measure_memory(pool: &TenantPool, databases: &[Database]) -> u64 {
    let planning = async {
        for _ in 0..2 {
            let _plan = pool.all_databases().balance().await.expect("a plan");
        }
    };
    let mut planning = std::pin::pin!(planning);
    let mut busiest = 0;
    loop {
        tokio::select! {
            () = &mut planning => return busiest / 1024,
            () = tokio::time::sleep(Duration::from_millis(20)) => busiest = busiest.max(busiest_backend(databases)),
        }
    }
}

fn busiest_backend(databases: &[Database]) -> u64 {
    let memory = |folder: fs::DirEntry| -> Option<u64> {
        let command = fs::read_to_string(folder.path().join("cmdline")).ok()?;
        let is_ours = databases.iter().any(|database| command.contains(database.name()));
        if !command.starts_with("postgres: ") || !is_ours {
            return None;
        }
        let status = fs::read_to_string(folder.path().join("status")).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"))?;
        line.trim().strip_suffix(" kB")?.trim().parse().ok()
    };
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    processes.filter_map(memory).max().unwrap_or(0)
}

fn median(times: &[Duration]) -> Duration {
    let mut sorted = times.to_vec();
    sorted.sort();
    sorted[sorted.len() / 2]
}
