//! Creating tenants and migrating thousands of them, against the same SQL sent by hand in as few messages as can be.
//!
//! Contenders take turns, so that a machine whose speed drifts slows them all; what counts are the ratios, and their
//! median over the rounds. Ours include connecting, locks, version rows, and finding out who lacks what.

use std::{
    fs,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::{Duration, Instant},
};

use diesel::{
    migration::{Migration, MigrationMetadata, MigrationName, MigrationSource, MigrationVersion},
    pg::Pg,
};
use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use diesel_tenants::{FleetReport, TenantPool, migrations::FleetEvent};
use diesel_tenants_test_support::{Database, Server};

const TABLES: usize = 20;
const FLEET: usize = 1_000;
const LARGE_FLEET: usize = 10_000;

#[tokio::main]
async fn main() {
    provision().await;
    add_column().await;
    find_nothing_to_do().await;
    find_nothing_to_do_anywhere().await;
    compare().await;
}

/// 20 tables with 60 indexes by 5 migrations, and the same in one message.
async fn provision() {
    const ROUNDS: usize = 40;
    let server = Server::start();
    let database = server.database();
    let pool = TenantPool::builder(database.url()).build().await.expect("a pool");
    let mut raw = connect(&database).await;
    let migrations: Vec<String> = (0..5).map(|part| four_tables(part * 4)).collect();
    let (mut ours, mut by_hand) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let create_by_hand = async |raw: &mut AsyncPgConnection| {
            let sql = format!(
                "CREATE SCHEMA raw{round}; SET LOCAL search_path = raw{round}; {}",
                migrations.concat()
            );
            raw.batch_execute(&sql).await.expect("tables");
        };
        if round % 2 == 0 {
            by_hand.push(time(create_by_hand(&mut raw)).await);
        }
        ours.push(
            time(
                pool.create_tenant(format!("tenant{round}").as_str(), Scripts::of(&migrations))
                    .into_future(),
            )
            .await,
        );
        if round % 2 == 1 {
            by_hand.push(time(create_by_hand(&mut raw)).await);
        }
    }
    println!(
        "create_tenant, {TABLES} tables and 60 indexes by 5 migrations: {:.1} ms; / one message by hand  {:.2}",
        median(ours.iter().map(Duration::as_secs_f64)) * 1e3,
        ratio(&ours, &by_hand)
    );
}

/// One column more for 1,000 tenants of 20 tables.
async fn add_column() {
    const ROUNDS: usize = 12;
    let server = Server::start();
    let database = server.database();
    make_tenants(&database, FLEET, TABLES);
    let pool = TenantPool::builder(database.url()).build().await.expect("a pool");
    for workers in [1, 2] {
        let migrate = |column: &str| {
            let sql = format!("ALTER TABLE table0 ADD COLUMN {column} int");
            pool.migrate_tenants(Scripts(vec![(column.to_owned(), sql)]))
                .workers(workers)
        };
        let migrate_by_hand = async |column: &str| {
            let shares = (0..workers).map(async |share| {
                let mut raw = connect(&database).await;
                for tenant in (share..FLEET).step_by(workers) {
                    raw.batch_execute(&format!(
                        "BEGIN; ALTER TABLE \"t{tenant}\".table0 ADD COLUMN {column} int; \
                         INSERT INTO \"t{tenant}\".__diesel_schema_migrations (version) VALUES ('{column}'); COMMIT"
                    ))
                    .await
                    .expect("a column");
                }
            });
            futures_util::future::join_all(shares).await;
        };

        // Apart from what is timed: to look takes time as well.
        let (met, busiest) = (AtomicU64::new(0), AtomicU64::new(0));
        let watch = |event: FleetEvent<'_>| {
            if let FleetEvent::Tenant(_) = event
                && met.fetch_add(1, Relaxed) % 100 == 99
            {
                busiest.fetch_max(busiest_backend(&database), Relaxed);
            }
        };
        let watched = migrate(&format!("watched{workers}")).on_progress(watch);
        check(watched.run().await.expect("a report"));

        let (mut ours, mut by_hand) = (Vec::new(), Vec::new());
        for round in 0..ROUNDS {
            let (column, raw_column) = (format!("by{workers}_{round}"), format!("raw{workers}_{round}"));
            if round % 2 == 0 {
                by_hand.push(time(migrate_by_hand(&raw_column)).await);
            }
            ours.push(time(async { check(migrate(&column).run().await.expect("a report")) }).await);
            if round % 2 == 1 {
                by_hand.push(time(migrate_by_hand(&raw_column)).await);
            }
        }
        println!(
            "ADD COLUMN for {FLEET} tenants with {workers} at a time: {:.3} ms a tenant; / messages by hand  {:.2}; \
             busiest backend {} MB",
            median(ours.iter().map(Duration::as_secs_f64)) * 1e3 / FLEET as f64,
            ratio(&ours, &by_hand),
            busiest.load(Relaxed) / 1024
        );
    }
}

/// The structures of 200 tenants of 20 tables and 60 indexes, compared with one's.
async fn compare() {
    const COMPARED: usize = 200;
    let server = Server::start();
    let database = server.database();
    let pool = TenantPool::builder(database.url()).build().await.expect("a pool");
    let migrations: Vec<String> = (0..5).map(|part| four_tables(part * 4)).collect();
    for tenant in 0..=COMPARED {
        let created = pool.create_tenant(format!("tenant{tenant}"), Scripts::of(&migrations));
        created.await.expect("a tenant");
    }
    let names: Vec<String> = (1..=COMPARED).map(|tenant| format!("tenant{tenant}")).collect();
    let compared = time(async {
        let report = pool.drift("tenant0", names.iter().map(String::as_str)).await;
        assert!(report.expect("a report").is_clean());
    });
    println!(
        "drift of {COMPARED} tenants of {TABLES} tables: {:.1} ms a tenant",
        compared.await.as_secs_f64() * 1e3 / COMPARED as f64
    );
}

/// Nobody among 10,000 lacks anything.
async fn find_nothing_to_do() {
    let server = Server::start();
    let database = server.database();
    make_tenants(&database, LARGE_FLEET, 1);
    let pool = TenantPool::builder(database.url()).build().await.expect("a pool");
    let mut times = Vec::new();
    for _ in 0..5 {
        let run = async { check(pool.migrate_tenants(Scripts(Vec::new())).run().await.expect("a report")) };
        times.push(time(run).await);
    }
    println!(
        "nothing to do for {LARGE_FLEET} tenants: {:.2} s, the first time {:.2} s",
        median(times.iter().map(Duration::as_secs_f64)),
        times[0].as_secs_f64()
    );
}

/// Nobody in four databases lacks anything, against the slowest of the four alone.
async fn find_nothing_to_do_anywhere() {
    const DATABASES: usize = 4;
    const TENANTS: usize = 2_500;
    const ROUNDS: usize = 9;
    let servers: Vec<Server> = (0..DATABASES).map(|_| Server::start()).collect();
    let databases: Vec<Database> = servers.iter().map(Server::database).collect();
    let mut builder = TenantPool::builder(databases[0].url());
    for (number, database) in databases.iter().enumerate() {
        make_tenants(database, TENANTS, 1);
        if number > 0 {
            builder = builder.database(format!("shard{number}"), database.url());
        }
    }
    let pool = builder.build().await.expect("a pool");
    let run = async |only: Option<String>| {
        let all = match only {
            Some(database) => pool.all_databases().only([database]),
            None => pool.all_databases(),
        };
        let report = all.migrate_tenants(Scripts(Vec::new())).run().await.expect("a report");
        assert!(report.is_success(), "{report}");
    };
    let names = |number: usize| match number {
        0 => "main".to_owned(),
        number => format!("shard{number}"),
    };
    let mut rounds = Vec::new();
    run(None).await;
    for _ in 0..ROUNDS {
        let mut slowest = Duration::ZERO;
        for number in 0..DATABASES {
            slowest = slowest.max(time(run(Some(names(number)))).await);
        }
        rounds.push((time(run(None)).await, slowest));
    }
    println!(
        "nothing to do for {TENANTS} tenants in each of {DATABASES} databases: {:.2} s; / the slowest database alone  {:.2}",
        median(rounds.iter().map(|(all, _)| all.as_secs_f64())),
        median(
            rounds
                .iter()
                .map(|(all, slowest)| all.as_secs_f64() / slowest.as_secs_f64())
        )
    );
}

fn check(report: FleetReport) {
    assert!(report.is_success(), "{report}");
}

fn four_tables(first: usize) -> String {
    (first..first + 4)
        .map(|table| {
            format!(
                "CREATE TABLE table{table} (id bigint PRIMARY KEY, name text, price int, at timestamptz);\n\
                 CREATE INDEX ON table{table} (name);\nCREATE INDEX ON table{table} (price, at);\n"
            )
        })
        .collect()
}

fn make_tenants(database: &Database, count: usize, tables: usize) {
    let tables: String = (0..tables)
        .map(|table| format!("CREATE TABLE %1$I.table{table} (id bigint, name text);"))
        .collect();
    for first in (0..count).step_by(50) {
        let last = count.min(first + 50) - 1;
        database.run(&format!(
            "DO $$ BEGIN FOR i IN {first}..{last} LOOP EXECUTE format('CREATE SCHEMA %1$I; {tables} \
             CREATE TABLE %1$I.__diesel_schema_migrations (version VARCHAR(50) PRIMARY KEY NOT NULL, \
             run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, checksum TEXT); \
             INSERT INTO %1$I.__diesel_schema_migrations (version) VALUES (''1''), (''2''), (''3'')', 't' || i); \
             END LOOP; END $$"
        ));
    }
}

/// The memory of its own that the largest of the database's backends has, in kB, where the system tells.
fn busiest_backend(database: &Database) -> u64 {
    let memory = |folder: fs::DirEntry| -> Option<u64> {
        let command = fs::read_to_string(folder.path().join("cmdline")).ok()?;
        if !command.starts_with("postgres: ") || !command.contains(database.name()) {
            return None;
        }
        let status = fs::read_to_string(folder.path().join("status")).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"))?;
        line.trim().strip_suffix(" kB")?.trim().parse().ok()
    };
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    processes.filter_map(memory).max().unwrap_or(0)
}

async fn connect(database: &Database) -> AsyncPgConnection {
    AsyncPgConnection::establish(database.url())
        .await
        .expect("a connection")
}

async fn time<T>(work: impl Future<Output = T>) -> Duration {
    let started = Instant::now();
    work.await;
    started.elapsed()
}

fn ratio(ours: &[Duration], theirs: &[Duration]) -> f64 {
    median(ours.iter().zip(theirs).map(|(a, b)| a.as_secs_f64() / b.as_secs_f64()))
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Migrations made here: version and SQL.
struct Scripts(Vec<(String, String)>);

impl Scripts {
    fn of(scripts: &[String]) -> Self {
        Self(
            scripts
                .iter()
                .enumerate()
                .map(|(index, sql)| (index.to_string(), sql.clone()))
                .collect(),
        )
    }
}

impl MigrationSource<Pg> for Scripts {
    fn migrations(&self) -> diesel::migration::Result<Vec<Box<dyn Migration<Pg>>>> {
        let script = |(version, sql): &(String, String)| {
            Box::new(Script {
                version: Version(version.clone()),
                sql: sql.clone(),
            }) as Box<dyn Migration<Pg>>
        };
        Ok(self.0.iter().map(script).collect())
    }
}

struct Script {
    version: Version,
    sql: String,
}

impl Migration<Pg> for Script {
    fn run(&self, connection: &mut dyn diesel::connection::BoxableConnection<Pg>) -> diesel::migration::Result<()> {
        Ok(connection.batch_execute(&self.sql)?)
    }

    fn revert(&self, _: &mut dyn diesel::connection::BoxableConnection<Pg>) -> diesel::migration::Result<()> {
        Err("never reverted".into())
    }

    fn metadata(&self) -> &dyn MigrationMetadata {
        &InTransaction
    }

    fn name(&self) -> &dyn MigrationName {
        &self.version
    }
}

struct InTransaction;

impl MigrationMetadata for InTransaction {}

struct Version(String);

impl MigrationName for Version {
    fn version(&self) -> MigrationVersion<'_> {
        MigrationVersion::from(self.0.as_str())
    }
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}
