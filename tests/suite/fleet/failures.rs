use std::time::Duration;

use diesel_tenants::{FleetError, MigrationError, migrations::TenantOutcome};

use super::*;

/// Nine migrations, each a table.
fn nine() -> Folder {
    let names: Vec<(String, String)> = (1..=9)
        .map(|number| (format!("00{number}_m"), format!("CREATE TABLE m{number} (id int);")))
        .collect();
    let migrations: Vec<(&str, &str, &str)> = names
        .iter()
        .map(|(name, sql)| (name.as_str(), sql.as_str(), ""))
        .collect();
    Folder::of(&migrations)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn migration_7_of_9_fails_on_tenant_713_of_1000() {
    let (pool, database) = empty().await;
    make_tenants(&database, 1_000, &["001", "002", "003", "004", "005", "006"]);
    database.run("CREATE TABLE t0713.m7 (mine int)");
    let folder = nine();

    let report = pool.migrate_tenants(folder.migrations()).run().await.unwrap();
    assert_eq!(
        outcomes(&report)[712],
        "t0713: failed [] migration 007_m of tenant \"t0713\" could not be applied; the schema is as it was before: \
         relation \"m7\" already exists"
    );
    let reached = report
        .tenants
        .iter()
        .filter(|tenant| tenant.outcome.is_success())
        .count();
    assert_eq!(
        report
            .tenants
            .iter()
            .filter(|tenant| matches!(tenant.outcome, TenantOutcome::NotReached))
            .count(),
        999 - reached
    );
    assert_eq!(count_versions(&database, "009"), reached);

    let report = pool
        .migrate_tenants(folder.migrations())
        .keep_going()
        .run()
        .await
        .unwrap();
    assert_eq!(
        report.to_string(),
        format!("{} migrated, {reached} up to date, 1 failed", 999 - reached)
    );
    let failed: Vec<&str> = report.failed().map(|tenant| tenant.tenant.as_str()).collect();
    assert_eq!(failed, ["t0713"]);
    assert_eq!(count_versions(&database, "009"), 999);

    database.run("DROP TABLE t0713.m7");
    let report = pool.migrate_tenants(folder.migrations()).run().await.unwrap();
    assert_eq!(report.to_string(), "1 migrated, 999 up to date");
    assert_eq!(report.tenant("t0713").unwrap().versions, ["007", "008", "009"]);
}

#[tokio::test]
async fn a_failure_names_the_line_and_keeps_what_was_applied_before() {
    let (pool, database) = empty().await;
    make_tenants(&database, 1, &[]);
    let folder = Folder::of(&[
        ("001_good", "CREATE TABLE good (id int);", ""),
        ("002_bad", "CREATE TABLE half (id int);\n\nSELECT * FROM missing;\n", ""),
    ]);
    let report = pool.migrate_tenants(folder.migrations()).run().await.unwrap();
    assert_eq!(
        outcomes(&report),
        [
            "t0001: failed [\"001\"] migration 002_bad of tenant \"t0001\" could not be applied, at line 3: \
          `SELECT * FROM missing;`; the schema is as it was before: relation \"missing\" does not exist"
        ]
    );
    assert_eq!(count_tables(&database, "half"), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_deployers_one_waits_and_every_migration_is_run_once() {
    let (first, database) = empty().await;
    let second = pool(&database).await;
    make_tenants(&database, 60, &[]);
    let folder = nine();
    let (first, second) = tokio::join!(
        first.migrate_tenants(folder.migrations()).run(),
        second.migrate_tenants(folder.migrations()).run()
    );
    let mut summaries = [first.unwrap().to_string(), second.unwrap().to_string()];
    summaries.sort();
    assert_eq!(summaries, ["60 migrated", "60 up to date"]);
    assert_eq!(count_versions(&database, "009"), 60);
}

#[tokio::test]
async fn a_deployer_who_waits_too_long_is_told_so() {
    let (_, database) = empty().await;
    make_tenants(&database, 1, &[]);
    let impatient = TenantPool::builder(database.url())
        .migration_lock_timeout(Duration::from_millis(100))
        .build()
        .await
        .unwrap();
    let holder = diesel_async_connection(&database).await;
    hold(
        &holder,
        "SELECT pg_advisory_lock(hashtextextended('diesel-tenants: migrations of all tenants', 0))",
    )
    .await;
    let error = impatient.migrate_tenants(three().migrations()).run().await.unwrap_err();
    assert!(matches!(error, FleetError::Locked { .. }), "{error:?}");
    // Asking is free.
    let report = impatient
        .migrate_tenants(three().migrations())
        .dry_run()
        .run()
        .await
        .unwrap();
    assert_eq!(report.to_string(), "1 pending");
}

#[tokio::test]
async fn a_tenant_that_somebody_else_migrates_is_waited_for() {
    let (_, database) = empty().await;
    make_tenants(&database, 2, &[]);
    let impatient = TenantPool::builder(database.url())
        .migration_lock_timeout(Duration::from_millis(100))
        .build()
        .await
        .unwrap();
    let holder = diesel_async_connection(&database).await;
    let lock = "SELECT pg_advisory_lock(hashtextextended('diesel-tenants: migrations of \"t0001\"', 0))";
    hold(&holder, lock).await;
    let report = impatient
        .migrate_tenants(three().migrations())
        .keep_going()
        .run()
        .await
        .unwrap();
    assert!(
        matches!(
            &report.tenants[0].outcome,
            TenantOutcome::Failed(MigrationError::Locked { .. })
        ),
        "{:?}",
        outcomes(&report)
    );
    assert!(report.tenants[1].outcome.is_success());
    drop(holder);
    // The lock is gone once the server has noticed that its holder is.
    let pool = pool(&database).await;
    assert!(
        pool.migrate_tenants(three().migrations())
            .run()
            .await
            .unwrap()
            .is_success()
    );
}

#[tokio::test]
async fn a_lock_that_queries_hold_is_waited_for_a_little_again_and_again() {
    let (pool, database) = empty().await;
    make_tenants(&database, 2, &["001", "002"]);
    database.run("CREATE TABLE t0001.two (id int); CREATE TABLE t0002.two (id int)");
    let folder = Folder::of(&[("003_add", "ALTER TABLE two ADD COLUMN more int;", "")]);
    let holder = diesel_async_connection(&database).await;
    hold(&holder, "BEGIN; SELECT * FROM t0001.two").await;

    let brief = Duration::from_millis(30);
    let migration = pool.migrate_tenants(folder.migrations()).lock_timeout(brief);
    let report = migration.lock_attempts(2).keep_going().run().await.unwrap();
    assert_eq!(
        outcomes(&report)[0],
        "t0001: failed [] migration 003_add of tenant \"t0001\" could not be applied; the schema is as it was before: \
         canceling statement due to lock timeout"
    );
    assert!(report.tenants[1].outcome.is_success());

    let (report, ()) = tokio::join!(
        pool.migrate_tenants(folder.migrations()).lock_timeout(brief).run(),
        async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            hold(&holder, "COMMIT").await;
        }
    );
    assert_eq!(report.unwrap().to_string(), "1 migrated, 1 up to date");
}

#[tokio::test]
async fn a_canary_that_fails_keeps_all_others_from_being_touched() {
    let (pool, database) = empty().await;
    make_tenants(&database, 4, &[]);
    database.run("CREATE TABLE t0003.two (mine int)");
    let folder = three();
    let report = pool
        .migrate_tenants(folder.migrations())
        .canaries(["t0002", "t0003"])
        .keep_going()
        .run()
        .await
        .unwrap();
    let names: Vec<String> = report.tenants.iter().map(|tenant| tenant.outcome.to_string()).collect();
    assert_eq!(names, ["not reached", "migrated", "failed", "not reached"]);
    assert_eq!(report.tenants[2].versions, ["001"]);
    assert_eq!(count_tables(&database, "one"), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tenant_dropped_meanwhile_holds_nobody_up_and_its_tables_go_nowhere_else() {
    let (pool, database) = empty().await;
    make_tenants(&database, 6, &[]);
    let drop_last = |event: diesel_tenants::migrations::FleetEvent<'_>| {
        if matches!(event, diesel_tenants::migrations::FleetEvent::Planned { .. }) {
            database.run("DROP SCHEMA t0005 CASCADE");
        }
    };
    let report = pool
        .migrate_tenants(three().migrations())
        .on_progress(drop_last)
        .run()
        .await
        .unwrap();
    assert_eq!(report.to_string(), "5 migrated, 1 dropped");
    assert_eq!(count_tables(&database, "one"), 5);
    assert!(pool.tenants().await.unwrap().len() == 5);
}

#[tokio::test]
async fn a_version_table_that_cannot_be_read_is_its_own_tenants_failure() {
    let (pool, database) = empty().await;
    make_tenants(&database, 5, &[]);
    database.run("ALTER TABLE t0002.__diesel_schema_migrations RENAME version TO something");
    let report = pool
        .migrate_tenants(three().migrations())
        .keep_going()
        .run()
        .await
        .unwrap();
    assert_eq!(report.to_string(), "4 migrated, 1 failed");
    assert!(
        outcomes(&report)[1]
            .starts_with("t0002: failed [] can't read or write the versions applied to tenant \"t0002\""),
        "{:?}",
        outcomes(&report)
    );
}

#[tokio::test]
async fn a_fleet_migration_given_up_is_taken_up_again() {
    let (pool, database) = empty().await;
    make_tenants(&database, 4, &[]);
    let folder = Folder::of(&[
        ("001_one", "CREATE TABLE one (id int);", ""),
        ("002_slow", "CREATE TABLE two (id int); SELECT pg_sleep(0.2);", ""),
    ]);
    let migration = pool.migrate_tenants(folder.migrations()).run();
    assert!(
        tokio::time::timeout(Duration::from_millis(300), migration)
            .await
            .is_err()
    );
    let report = pool.migrate_tenants(folder.migrations()).run().await.unwrap();
    assert!(report.is_success(), "{:?}", outcomes(&report));
    assert_eq!(count_versions(&database, "002"), 4);
    assert_eq!(count_tables(&database, "two"), 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_killed_in_the_middle_leaves_nothing_half_done() {
    let server = Server::start();
    let database = server.database();
    let pool = pool(&database).await;
    make_tenants(&database, 40, &[]);
    let slow = "CREATE TABLE two (id int); SELECT pg_sleep(30) WHERE current_schema() = 't0009';";
    let folder = Folder::of(&[("001_one", "CREATE TABLE one (id int);", ""), ("002_two", slow, "")]);
    let asleep = "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
    let (result, ()) = tokio::join!(pool.migrate_tenants(folder.migrations()).keep_going().run(), async {
        while database.query_strings(asleep).is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        server.stop();
        server.restart();
    });
    let report = result.unwrap();
    assert!(
        report.failed().any(|tenant| tenant.tenant.as_str() == "t0009"),
        "{report}"
    );
    for (version, table) in [("001", "one"), ("002", "two")] {
        assert_eq!(count_versions(&database, version), count_tables(&database, table));
    }
    assert!(count_tables(&database, "two") < 40);
    folder.write("002_two", "up.sql", "CREATE TABLE two (id int);");
    let report = pool.migrate_tenants(folder.migrations()).run().await.unwrap();
    assert!(report.is_success(), "{:?}", outcomes(&report));
    assert_eq!(
        (count_versions(&database, "002"), count_tables(&database, "two")),
        (40, 40)
    );
}

async fn diesel_async_connection(database: &Database) -> Holder {
    use diesel_async::AsyncConnection;
    tokio::sync::Mutex::new(
        diesel_async::AsyncPgConnection::establish(database.url())
            .await
            .unwrap(),
    )
}

/// A session that holds locks.
type Holder = tokio::sync::Mutex<diesel_async::AsyncPgConnection>;

async fn hold(holder: &Holder, sql: &str) {
    use diesel_async::SimpleAsyncConnection;
    holder.lock().await.batch_execute(sql).await.unwrap();
}
