//! Nothing of one migration reaches the next, whoever's it is.

use diesel_tenants::{Revert, TenantPool, pool::MigrationStatements};
use diesel_tenants_test_support::{Database, Server};

use crate::migrations::Folder;

/// Leaves all that a session can be left with; `ROLE` is a role's name.
const LEAVE: &str = "
PREPARE left_behind AS SELECT 1;
DECLARE left_open CURSOR WITH HOLD FOR SELECT 1;
LISTEN left_on;
CREATE TEMP TABLE left_there (id serial);
INSERT INTO left_there DEFAULT VALUES;
SELECT pg_advisory_lock(4242), pg_advisory_lock(4242), pg_advisory_lock_shared(4242);
SET check_function_bodies = off;
SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL REPEATABLE READ;
SET LOCAL row_security = off;
SELECT set_config('statement_timeout', '1h', false);
UPDATE pg_settings SET setting = '7MB' WHERE name = 'work_mem';
SELECT set_config('search_path', '', false);
SET SESSION AUTHORIZATION ROLE;";

/// Writes down what it finds of that into a table.
const FIND: &str = "
DO $$ BEGIN PERFORM lastval(); RAISE 'a value of lastval() is left'; EXCEPTION WHEN object_not_in_prerequisite_state THEN NULL; END $$;
CREATE TABLE TABLE_NAME AS SELECT concat_ws(' ',
    (SELECT count(*) FROM pg_prepared_statements WHERE from_sql),
    (SELECT count(*) FROM pg_cursors WHERE is_holdable),
    (SELECT count(*) FROM pg_listening_channels()),
    (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 4242 AND pid = pg_backend_pid()),
    coalesce(to_regclass('pg_temp.left_there')::text, 'none'),
    current_setting('check_function_bodies'), current_setting('default_transaction_isolation'),
    current_setting('row_security'), current_setting('statement_timeout'), current_setting('work_mem'),
    current_setting('search_path'), current_user = 'postgres', session_user = current_user) AS found;";

/// What a migration finds that starts on a fresh connection; the database has a setting of its own.
fn fresh(schema: &str) -> String {
    format!("0 0 0 0 none on read committed on 0 5MB {schema} t t")
}

/// A database with a role to change to, and migrations that leave state and look for it.
struct Trial {
    database: Database,
    role: String,
}

impl Trial {
    fn new() -> Self {
        let database = Server::shared().database();
        let (name, role) = (database.name(), format!("role_{}", database.name()));
        database.run(&format!(
            "CREATE ROLE {role}; ALTER DATABASE {name} SET work_mem = '5MB'"
        ));
        Self { database, role }
    }

    async fn pool(&self) -> TenantPool {
        TenantPool::builder(self.database.url()).build().await.unwrap()
    }

    fn leave(&self) -> String {
        LEAVE.replace("ROLE", &self.role)
    }

    /// Each looks for what others left, and leaves all there is.
    fn folder(&self) -> Folder {
        let script = |table: &str| format!("{} {}", FIND.replace("TABLE_NAME", table), self.leave());
        let (first, second, third) = (script("found1"), script("found2"), script("found3"));
        let (first_down, second_down) = (script("found_down1"), script("found_down2"));
        Folder::of(&[
            ("001_first", &first, &first_down),
            ("002_second", &second, &second_down),
            ("003_third", &third, ""),
        ])
    }

    #[track_caller]
    fn assert_fresh(&self, schema: &str, tables: &[&str]) {
        for table in tables {
            let found = self.database.values(&format!("SELECT found FROM {schema}.{table}"));
            assert_eq!(found, [fresh(schema)], "{schema}.{table}");
        }
    }
}

impl Drop for Trial {
    fn drop(&mut self) {
        self.database.run(&format!("DROP ROLE {}", self.role));
    }
}

const UP: [&str; 3] = ["found1", "found2", "found3"];

#[tokio::test]
async fn each_migration_of_a_run_starts_as_on_a_fresh_connection() {
    let trial = Trial::new();
    let pool = trial.pool().await;
    trial.database.run("CREATE SCHEMA client1");
    pool.migrate_tenant("client1", trial.folder()).await.unwrap();
    trial.assert_fresh("client1", &UP);
    pool.migrate_shared(trial.folder()).await.unwrap();
    trial.assert_fresh("public", &UP);
    pool.create_tenant("client2", trial.folder()).await.unwrap();
    pool.ensure_tenant("client3", trial.folder()).await.unwrap();
    trial.assert_fresh("client2", &UP);
    trial.assert_fresh("client3", &UP);
    pool.prepare_spares(1, trial.folder()).await.unwrap();
    pool.create_tenant("client4", trial.folder()).await.unwrap();
    // It was a spare when it was migrated.
    let found = "SELECT regexp_replace(found, '\"diesel-tenants spare [^\"]+\"', 'spare') FROM client4.found2";
    assert_eq!(trial.database.values(found), [fresh("spare")]);
}

#[tokio::test]
async fn each_migration_outside_of_a_transaction_starts_as_on_a_fresh_connection() {
    let trial = Trial::new();
    let pool = trial.pool().await;
    let folder = || {
        trial
            .folder()
            .without_transaction("001_first")
            .without_transaction("002_second")
    };
    trial.database.run("CREATE SCHEMA client1");
    pool.migrate_tenant("client1", folder()).await.unwrap();
    pool.create_tenant("client2", folder()).await.unwrap();
    pool.create_tenant("client3", trial.folder().without_transaction("002_second"))
        .await
        .unwrap();
    for tenant in ["client1", "client2", "client3"] {
        trial.assert_fresh(tenant, &UP);
    }
}

#[tokio::test]
async fn each_revert_starts_as_on_a_fresh_connection() {
    let trial = Trial::new();
    let pool = trial.pool().await;
    let folder = Folder::of(&[
        (
            "001_first",
            "",
            &format!("{} {}", FIND.replace("TABLE_NAME", "down1"), trial.leave()),
        ),
        (
            "002_second",
            "",
            &format!("{} {}", FIND.replace("TABLE_NAME", "down2"), trial.leave()),
        ),
    ]);
    folder.write("001_first", "up.sql", "SELECT 1");
    folder.write("002_second", "up.sql", "SELECT 1");
    for tenant in ["client1", "client2"] {
        pool.create_tenant(tenant, folder.migrations()).await.unwrap();
    }
    pool.revert_tenant("client1", folder.migrations(), Revert::All)
        .await
        .unwrap();
    let report = pool
        .revert_tenants(folder.migrations(), Revert::All)
        .workers(1)
        .run()
        .await
        .unwrap();
    assert!(report.is_success(), "{report:?}");
    trial.assert_fresh("client1", &["down1", "down2"]);
    trial.assert_fresh("client2", &["down1", "down2"]);
}

#[tokio::test]
async fn nothing_of_one_tenants_migration_reaches_the_next_tenants() {
    let trial = Trial::new();
    let base = Folder::of(&[("000_base", "CREATE TABLE base (id int);", "")]);
    for (statements, names) in [
        (MigrationStatements::Together, ["client1", "client2", "client3"]),
        (MigrationStatements::Apart, ["client4", "client5", "client6"]),
    ] {
        let pool = TenantPool::builder(trial.database.url()).migration_statements(statements);
        let pool = pool.build().await.unwrap();
        for tenant in names {
            pool.create_tenant(tenant, base.migrations()).await.unwrap();
        }
        for workers in [1, 2] {
            let folder = trial.folder();
            if workers == 2 {
                folder.write(
                    "004_fourth",
                    "up.sql",
                    &format!("{} {}", FIND.replace("TABLE_NAME", "found4"), trial.leave()),
                );
                folder.write("004_fourth", "down.sql", "");
                folder.write("004_fourth", "metadata.toml", "run_in_transaction = false\n");
            }
            let report = pool
                .migrate_tenants(folder)
                .only(names)
                .workers(workers)
                .run()
                .await
                .unwrap();
            assert!(report.is_success(), "{report:?}");
        }
        for tenant in names {
            trial.assert_fresh(tenant, &["found1", "found2", "found3", "found4"]);
        }
    }
}

#[tokio::test]
async fn nothing_of_a_migration_that_failed_reaches_the_next_tenants() {
    let trial = Trial::new();
    let pool = trial.pool().await;
    for tenant in ["client1", "client2"] {
        trial.database.run(&format!(
            "CREATE SCHEMA {tenant}; CREATE TABLE {tenant}.__diesel_schema_migrations (version varchar(50) PRIMARY KEY, run_on timestamp, checksum text)"
        ));
    }
    let script = format!(
        "{} {} RESET SESSION AUTHORIZATION; SELECT 1 / 0;",
        FIND.replace("TABLE_NAME", "found1"),
        trial.leave()
    );
    let folder = Folder::of(&[
        ("001_broken", &script, ""),
        ("002_well", &FIND.replace("TABLE_NAME", "found2"), ""),
    ]);
    // The first tenant's fails; the second one has it already.
    trial
        .database
        .run("INSERT INTO client2.__diesel_schema_migrations (version) VALUES ('001')");
    let report = pool
        .migrate_tenants(folder)
        .workers(1)
        .keep_going()
        .run()
        .await
        .unwrap();
    assert_eq!(report.to_string(), "1 migrated, 1 failed");
    trial.assert_fresh("client2", &["found2"]);
}

#[tokio::test]
async fn three_tenants_each_prepare_a_statement_of_one_name() {
    let trial = Trial::new();
    let pool = trial.pool().await;
    let first = Folder::of(&[("0001_a", "CREATE TABLE base (id int);", "")]);
    for tenant in ["a", "b", "c"] {
        pool.create_tenant(tenant, first.migrations()).await.unwrap();
    }
    first.write(
        "0002_b",
        "up.sql",
        "PREPARE stmt_x AS SELECT 1;\nCREATE TABLE seen AS SELECT 1;",
    );
    first.write("0002_b", "down.sql", "");
    let report = pool.migrate_tenants(first.migrations()).workers(1).run().await.unwrap();
    assert_eq!(report.to_string(), "3 migrated", "{report:?}");
}

#[tokio::test]
async fn a_dump_applied_as_a_migration_leaves_its_settings_to_nobody() {
    let trial = Trial::new();
    let pool = trial.pool().await;
    let folder = Folder::of(&[
        (
            "0001_dump",
            "SET statement_timeout = 0; SET check_function_bodies = false; SET row_security = off; SET default_tablespace = '';
             CREATE FUNCTION later_checked() RETURNS bigint LANGUAGE sql AS $$ SELECT count(*) FROM not_yet $$;
             CREATE TABLE not_yet (id int PRIMARY KEY); SELECT pg_catalog.set_config('search_path', '', false); -- = '';",
            "",
        ),
        (
            "0002_next",
            "CREATE TABLE leaked AS SELECT concat_ws(' ', current_setting('search_path'), current_setting('check_function_bodies'),
             current_setting('row_security'), current_setting('statement_timeout')) AS settings",
            "",
        ),
    ]);
    pool.create_tenant("client1", folder.migrations()).await.unwrap();
    trial.database.run("CREATE SCHEMA client2");
    pool.migrate_tenant("client2", folder.migrations()).await.unwrap();
    for tenant in ["client1", "client2"] {
        let settings = trial.database.values(&format!("SELECT settings FROM {tenant}.leaked"));
        assert_eq!(settings, [format!("{tenant} on on 0")]);
    }
}

#[tokio::test]
async fn what_no_statement_takes_away_costs_the_connection() {
    let trial = Trial::new();
    let pool = trial.pool().await;
    let names = ["a", "b", "c"];
    for tenant in names {
        let base = Folder::of(&[("0001_a", "CREATE TABLE base (id int);", "")]);
        pool.create_tenant(tenant, base.migrations()).await.unwrap();
    }
    // Whoever draws on a session with that seed draws the same number.
    let drawing = Folder::of(&[(
        "0002_draw",
        "CREATE TABLE drawn AS SELECT random()::text AS number; SELECT setseed(0.5);",
        "",
    )]);
    let report = pool
        .migrate_tenants(drawing.migrations())
        .workers(1)
        .run()
        .await
        .unwrap();
    assert_eq!(report.to_string(), "3 migrated", "{report:?}");
    let all = names
        .map(|tenant| format!("SELECT number FROM {tenant}.drawn"))
        .join(" UNION ");
    assert_eq!(trial.database.values(&all).len(), names.len());
}
