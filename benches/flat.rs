//! What an operation on one tenant costs among many others, against the same among ten: 1.0 where the others cost it
//! nothing.
//!
//! `OTHERS` says how many others there are, each of 20 tables and 5 functions; 1,000 by default. Ten thousand take some
//! ten minutes to make, and 8 GB. The two databases are on one server and take turns, so that a machine whose speed
//! drifts slows both; what counts are the ratios, and their median over the rounds.

use std::{env, time::Instant};

use diesel_tenants::{
    Placement, TenantPool,
    directory::DirectoryTables,
    migrations::{MigrationFolder, NoMigrations},
};
use diesel_tenants_test_support::{Database, Server};

const FEW: usize = 10;
const TABLES: usize = 20;
const FUNCTIONS: usize = 5;
const ROUNDS: usize = 15;

#[tokio::main]
async fn main() {
    let others = match env::var("OTHERS") {
        Ok(others) => others.parse().expect("OTHERS is a number"),
        Err(_) => 1_000,
    };
    let server = Server::builder().setting("autovacuum", "on").start().expect("a server");
    let (few, many) = (Fleet::of(&server, FEW).await, Fleet::of(&server, others).await);
    let mut rounds = Vec::new();
    for round in 0..=ROUNDS {
        let times = if round % 2 == 0 {
            let few = few.operate().await;
            (few, many.operate().await)
        } else {
            let many = many.operate().await;
            (few.operate().await, many)
        };
        // The first one warms up.
        if round > 0 {
            rounds.push(times);
        }
    }
    println!("among {FEW} others, among {others}, ratio:");
    for (at, (name, _)) in rounds[0].0.iter().enumerate() {
        let (few, many): (Vec<f64>, Vec<f64>) = rounds.iter().map(|(few, many)| (few[at].1, many[at].1)).unzip();
        let ratios = few.iter().zip(&many).map(|(few, many)| many / few).collect();
        let (few, many, ratio) = (median(few) * 1e3, median(many) * 1e3, median(ratios));
        println!("{name:<24} {few:>8.2} ms {many:>8.2} ms {ratio:>6.2}");
    }
}

/// A database with tenants, one of which the operations are about.
struct Fleet {
    database: Database,
    shard: Database,
    migrations: tempfile::TempDir,
    pool: TenantPool,
}

impl Fleet {
    async fn of(server: &Server, others: usize) -> Self {
        let (database, shard) = (server.database(), server.database());
        let migrations = tempfile::tempdir().expect("a folder");
        let migration = migrations.path().join("1_tables");
        std::fs::create_dir(&migration).expect("a folder");
        std::fs::write(migration.join("up.sql"), tables("") + &functions("", "FROM CURRENT")).expect("a migration");
        let pool = TenantPool::builder(database.url())
            .directory(DirectoryTables::new())
            .database("shard", shard.url())
            .build()
            .await
            .expect("a pool");
        pool.prepare_directory().await.expect("the directory's tables");
        let fleet = Self {
            database,
            shard,
            migrations,
            pool,
        };
        fleet.make_others(others);
        for tenant in ["client", "alike"] {
            fleet.create(tenant).await;
        }
        fleet
    }

    /// Without any more than their structure: they never take part.
    fn make_others(&self, count: usize) {
        let objects = tables("%1$I.") + &functions("%1$I.", "= %1$I");
        let objects = objects.replace('\'', "''");
        for first in (0..count).step_by(50) {
            let last = count.min(first + 50) - 1;
            self.database.run(&format!(
                "DO $$ BEGIN FOR i IN {first}..{last} LOOP EXECUTE format('CREATE SCHEMA %1$I; {objects} \
                 CREATE TABLE %1$I.__diesel_schema_migrations (version VARCHAR(50) PRIMARY KEY NOT NULL, \
                 run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, checksum TEXT); \
                 INSERT INTO %1$I.__diesel_schema_migrations (version) VALUES (''1'')', 't' || i); \
                 INSERT INTO tenants (name, schema_name, status) VALUES ('t' || i, 't' || i, 'active'); END LOOP; END $$"
            ));
        }
        self.database.run("VACUUM ANALYZE");
    }

    async fn create(&self, tenant: &str) {
        let migrations = MigrationFolder::read(self.migrations.path()).expect("migrations");
        self.pool.create_tenant(tenant, migrations).await.expect("a tenant");
    }

    /// Does everything once that can be done to a tenant, and leaves all as it was.
    async fn operate(&self) -> Vec<(&'static str, f64)> {
        let Self { pool, migrations, .. } = self;
        let mut times = Times(Vec::new());
        let fresh = TenantPool::builder(self.database.url())
            .directory(DirectoryTables::new())
            .build()
            .await
            .expect("a pool");
        drop(fresh.for_tenant("alike").get().await.expect("a checkout"));
        let first = times.of("first checkout", fresh.for_tenant("client").get()).await;
        drop(first.expect("a checkout"));
        let exists = times.of("tenant_exists", pool.tenant_exists("client")).await;
        assert!(exists.expect("an answer"));
        let size = times.of("schema_size", pool.schema_size("client")).await;
        assert!(size.expect("a size").is_some());
        times.of("create_tenant", self.create("made")).await;
        let folder = MigrationFolder::read(migrations.path()).expect("migrations");
        let applied = times.of("migrate_tenant", pool.migrate_tenant("made", folder)).await;
        assert!(applied.expect("a migration").is_empty());
        let folder = MigrationFolder::read(migrations.path()).expect("migrations");
        let migration = pool.migrate_tenants(folder).only(["made"]).run();
        assert!(
            times
                .of("migrate_tenants, only", migration)
                .await
                .expect("a report")
                .is_success()
        );
        let folder = MigrationFolder::read(migrations.path()).expect("migrations");
        let status = pool.migration_status(folder).only(["made"]);
        let status = times.of("migration_status, only", status.into_future()).await;
        assert!(status.expect("a status").tenants[0].pending.is_empty());
        let status = times.of("shared_migration_status", pool.shared_migration_status(NoMigrations));
        assert!(status.await.expect("a status").pending.is_empty());
        let script = pool.run_script("SELECT count(*) FROM table1").only(["made"]);
        let answer = async { script.start().await.expect("a script").next().await };
        let (_, answer) = times.of("run_script, only", answer).await.expect("an answer");
        assert_eq!(answer.expect("a count").len(), 1);
        let drift = times.of("drift", pool.drift("client", ["made"])).await;
        assert!(drift.expect("a report").is_clean());
        let cloned = times
            .of("clone_tenant", pool.clone_tenant("client", "cloned").into_future())
            .await;
        cloned.expect("a clone");
        let suspended = times.of("suspend_tenant", pool.suspend_tenant("made")).await;
        suspended.expect("a suspended tenant");
        let resumed = times.of("resume_tenant", pool.resume_tenant("made")).await;
        resumed.expect("a tenant");
        let renamed = times
            .of("rename_tenant", pool.rename_tenant("made", "renamed").into_future())
            .await;
        renamed.expect("another name");
        let archive = times
            .of("archive_tenant", pool.archive_tenant("renamed").into_future())
            .await;
        let archive = archive.expect("an archive");
        let restore = pool.restore_tenant(archive.as_str(), "restored").into_future();
        times.of("restore_tenant", restore).await.expect("a tenant");
        let mut bytes = Vec::new();
        let export = pool.export_tenant("restored").to(&mut bytes);
        times.of("export_tenant", export).await.expect("an export");
        let import = pool.import_tenant("imported").from(&bytes[..]);
        times.of("import_tenant", import).await.expect("an import");
        let place = Placement::schema("imported".parse().expect("a name"));
        let there = pool
            .move_tenant("imported", place.clone().in_database("shard"))
            .drop_source();
        times
            .of("move_tenant, away", there.into_future())
            .await
            .expect("a move");
        let back = pool.move_tenant("imported", place).drop_source().into_future();
        times.of("move_tenant, back", back).await.expect("a move");
        times
            .of("drop_tenant", pool.drop_tenant("cloned").into_future())
            .await
            .expect("none");
        for tenant in ["restored", "imported"] {
            pool.drop_tenant(tenant).await.expect("none");
        }
        assert!(self.shard.schemas().is_empty());
        times.0
    }
}

struct Times(Vec<(&'static str, f64)>);

impl Times {
    async fn of<T>(&mut self, name: &'static str, work: impl Future<Output = T>) -> T {
        let started = Instant::now();
        let done = work.await;
        self.0.push((name, started.elapsed().as_secs_f64()));
        done
    }
}

/// The tables of a tenant, with an enum, keys, indexes and sequences.
fn tables(schema: &str) -> String {
    let tables = (0..TABLES).map(|table| {
        format!(
            "CREATE TABLE {schema}table{table} (id bigserial PRIMARY KEY, name text NOT NULL, state {schema}state, \
             parent bigint REFERENCES {schema}table{});\nCREATE INDEX ON {schema}table{table} (name);\n",
            table.saturating_sub(1)
        )
    });
    format!(
        "CREATE TYPE {schema}state AS ENUM ('new', 'old');\n{}",
        tables.collect::<String>()
    )
}

/// The functions of a tenant, such as those of triggers.
fn functions(schema: &str, path: &str) -> String {
    let functions = (0..FUNCTIONS).map(|function| {
        let body = "UPDATE table1 SET name = NEW.name WHERE id = NEW.id AND name <> NEW.name; ".repeat(8);
        format!(
            "CREATE FUNCTION {schema}function{function}() RETURNS trigger LANGUAGE plpgsql SET search_path {path} \
             AS $f$ BEGIN {body} RETURN NEW; END $f$;\n"
        )
    });
    functions.collect()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
