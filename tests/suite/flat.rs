//! No operation on one tenant reads the catalogs of the others.

use std::time::Duration;

use diesel_tenants::{
    Placement, TenantPool,
    directory::{DirectoryTables, FixedDirectory},
    migrations::NoMigrations,
};
use diesel_tenants_test_support::{Database, Server};

use crate::migrations::Folder;

/// Enough for the server's planner to prefer an index wherever there is one.
const TABLES_OF_OTHERS: usize = 2_000;

/// Catalogs that grow with the tenants.
const CATALOGS: &str = "'pg_class', 'pg_type', 'pg_attribute', 'pg_depend', 'pg_constraint', 'pg_index'";

const TABLES: &str = "CREATE TYPE state AS ENUM ('new', 'old');
    CREATE TABLE items (id bigserial PRIMARY KEY, name text NOT NULL CHECK (name <> ''), state state DEFAULT 'new');
    CREATE TABLE orders (id bigserial PRIMARY KEY, item bigint REFERENCES items, at timestamptz);
    CREATE INDEX ON orders (at);
    CREATE VIEW dear AS SELECT * FROM items;
    CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1';
    COMMENT ON TABLE items IS 'what is sold'";

#[tokio::test]
async fn no_operation_on_one_tenant_reads_the_catalogs_of_all() {
    // The counters of earlier servers come late.
    let server = Server::start();
    let (database, shard) = (server.database(), server.database());
    let version = database.values("SHOW server_version_num");
    if version[0].parse::<u32>().unwrap() < 150_000 {
        return;
    }
    for database in [&database, &shard] {
        make_others(database);
    }
    let folder = Folder::of(&[("001_tables", TABLES, "")]);
    let pool = async || {
        TenantPool::builder(database.url())
            .directory(DirectoryTables::new())
            .database("shard", shard.url())
            .build()
            .await
            .unwrap()
    };
    let first = pool().await;
    first.prepare_directory().await.unwrap();
    first.create_tenant("client1", folder.migrations()).await.unwrap();
    first.close();

    let archive;
    let mut found: Vec<String> = Vec::new();
    let mut bytes = Vec::new();
    let place = Placement::schema("imported".parse().unwrap());
    macro_rules! flat {
        ($name:literal, |$pool:ident| $work:expr) => {{
            let (before, elsewhere) = (Reads::of(&database).await, Reads::of(&shard).await);
            let $pool = pool().await;
            $work;
            $pool.close();
            drop($pool);
            found.extend(Reads::of(&database).await.since(&before, $name));
            found.extend(Reads::of(&shard).await.since(&elsewhere, $name));
        }};
    }
    flat!("a checkout", |pool| drop(
        pool.for_tenant("client1").get().await.unwrap()
    ));
    flat!("create", |pool| pool
        .create_tenant("client2", folder.migrations())
        .await
        .unwrap());
    flat!("migrate", |pool| pool
        .migrate_tenant("client2", folder.migrations())
        .await
        .unwrap());
    flat!("migrate --only", |pool| {
        let migration = pool.migrate_tenants(folder.migrations()).only(["client2"]);
        assert!(migration.run().await.unwrap().is_success());
    });
    flat!("status --only", |pool| {
        let status = pool.migration_status(folder.migrations()).only(["client2"]);
        assert_eq!(status.await.unwrap().tenants.len(), 1);
    });
    flat!("shared status", |pool| drop(
        pool.shared_migration_status(NoMigrations).await.unwrap()
    ));
    flat!("run --only", |pool| {
        let script = pool.run_script("SELECT count(*) FROM items").only(["client2"]);
        let mut answers = script.start().await.unwrap();
        assert!(answers.next().await.unwrap().1.is_ok());
    });
    flat!("size", |pool| pool.schema_size("client2").await.unwrap());
    flat!("drift", |pool| assert!(
        pool.drift("client1", ["client2"]).await.unwrap().is_clean()
    ));
    flat!("clone", |pool| pool.clone_tenant("client1", "client3").await.unwrap());
    flat!("suspend", |pool| pool.suspend_tenant("client2").await.unwrap());
    flat!("resume", |pool| pool.resume_tenant("client2").await.unwrap());
    flat!("rename", |pool| pool.rename_tenant("client2", "client4").await.unwrap());
    flat!("archive", |pool| archive =
        pool.archive_tenant("client4").await.unwrap());
    flat!("restore", |pool| pool
        .restore_tenant(archive.as_str(), "client2")
        .await
        .unwrap());
    flat!("export", |pool| pool
        .export_tenant("client2")
        .to(&mut bytes)
        .await
        .unwrap());
    flat!("import", |pool| pool
        .import_tenant("imported")
        .from(&bytes[..])
        .await
        .unwrap());
    flat!("move", |pool| {
        let there = place.clone().in_database("shard");
        pool.move_tenant("imported", there).drop_source().await.unwrap();
    });
    flat!("move back", |pool| {
        pool.move_tenant("imported", place.clone()).drop_source().await.unwrap();
    });
    flat!("drop", |pool| pool.drop_tenant("client3").await.unwrap());
    assert!(found.is_empty(), "{found:#?}");
}

#[tokio::test]
async fn a_checkout_of_shared_tables_does_not_read_the_catalogs_of_all() {
    let server = Server::start();
    let database = server.database();
    let version = database.values("SHOW server_version_num");
    if version[0].parse::<u32>().unwrap() < 150_000 {
        return;
    }
    make_others(&database);
    // After the others, so that whoever looks for these tables in the whole catalog finds them last.
    database.run(
        "CREATE ROLE app LOGIN PASSWORD 'x'; CREATE TABLE public.notes (id int, who int NOT NULL);
         CREATE VIEW public.shown WITH (security_invoker) AS SELECT * FROM public.notes;
         GRANT ALL ON ALL TABLES IN SCHEMA public TO app",
    );
    let (_, address) = database.url().split_once('@').unwrap();
    let pool = async || {
        let directory = FixedDirectory::new().with("seven", Placement::rows("7")).unwrap();
        TenantPool::builder(format!("postgres://app:x@{address}"))
            .migration_url(database.url())
            .directory(directory)
            .build()
            .await
            .unwrap()
    };
    let first = pool().await;
    first.enable_row_security(["notes"], "who").await.unwrap();
    first.close();

    let before = Reads::of(&database).await;
    let pool = pool().await;
    drop(pool.for_tenant("seven").get().await.unwrap());
    pool.close();
    drop(pool);
    let found = Reads::of(&database).await.since(&before, "a checkout of shared tables");
    assert!(found.is_empty(), "{found:#?}");
}

fn make_others(database: &Database) {
    for first in (0..TABLES_OF_OTHERS).step_by(500) {
        let last = first + 499;
        database.run(&format!(
            "DO $$ BEGIN FOR i IN {first}..{last} LOOP
                 IF i % 20 = 0 THEN EXECUTE format('CREATE SCHEMA t%s', i / 20); END IF;
                 EXECUTE format('CREATE TABLE t%s.table%s (id int PRIMARY KEY)', i / 20, i);
             END LOOP; END $$"
        ));
    }
    database.run("VACUUM ANALYZE");
}

/// How many rows of each catalog were ever read without an index, and how many it has.
struct Reads(Vec<(String, i64, i64)>);

impl Reads {
    /// Once all sessions have ended: they tell at their end what they did.
    async fn of(database: &Database) -> Self {
        let sessions =
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
        let mut patience = 1_000;
        while !database.values(sessions).is_empty() {
            patience -= 1;
            assert!(patience > 0, "a session doesn't end");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let rows = database.query_strings(&format!(
            "SELECT relname, pg_stat_get_tuples_returned(oid), reltuples::bigint FROM pg_class \
             WHERE relname IN ({CATALOGS}) AND relnamespace = 'pg_catalog'::regnamespace ORDER BY 1"
        ));
        let rows = rows.into_iter().map(|row| {
            let [Some(name), Some(read), Some(rows)] = &row[..] else {
                panic!("{row:?}");
            };
            (name.clone(), read.parse().unwrap(), rows.parse().unwrap())
        });
        Self(rows.collect())
    }

    /// The catalogs of which more was read meanwhile than any one tenant has.
    fn since(&self, before: &Self, operation: &str) -> Vec<String> {
        let read = self
            .0
            .iter()
            .zip(&before.0)
            .map(|((name, after, rows), (_, before, _))| (name, after - before, rows));
        read.filter(|(_, read, rows)| *read > *rows / 2)
            .map(|(name, read, rows)| format!("{operation} reads {read} rows of {name}, which has {rows}"))
            .collect()
    }
}
