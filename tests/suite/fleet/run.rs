use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use diesel_tenants::{
    MigrationError, Revert, TenantPool,
    migrations::{FleetEvent, TenantOutcome},
    pool::MigrationStatements,
};

use super::*;
use crate::migrations::RustMigrations;

#[tokio::test]
async fn every_tenant_gets_what_it_lacks_in_its_own_schema() {
    let (pool, database) = empty().await;
    make_tenants(&database, 5, &[]);
    pool.migrate_tenant("t0002", three().migrations()).await.unwrap();
    pool.create_tenant("a \"hostile\" 'name'; --", Folder::of(&[]).migrations())
        .await
        .unwrap();
    let report = pool.migrate_tenants(three().migrations()).run().await.unwrap();
    assert!(report.is_success());
    assert_eq!(report.to_string(), "5 migrated, 1 up to date");
    assert_eq!(
        outcomes(&report)[..3],
        [
            "a \"hostile\" 'name'; --: migrated [\"001\", \"002\", \"003\"]",
            "t0001: migrated [\"001\", \"002\", \"003\"]",
            "t0002: up to date []",
        ]
    );
    for table in ["one", "two", "three"] {
        assert_eq!(count_tables(&database, table), 6);
        let elsewhere = format!("SELECT 1 FROM pg_tables WHERE tablename = '{table}' AND schemaname = 'public'");
        assert!(database.query_strings(&elsewhere).is_empty());
    }
    let report = pool.migrate_tenants(three().migrations()).run().await.unwrap();
    assert_eq!(report.to_string(), "6 up to date");
}

#[tokio::test]
async fn what_the_fleet_applied_a_single_tenant_has_and_the_other_way_round() {
    let (pool, database) = empty().await;
    make_tenants(&database, 2, &[]);
    let folder = three();
    let report = pool.migrate_tenants(folder.migrations()).run().await.unwrap();
    assert!(report.is_success() && report.changed.is_empty());
    assert!(
        pool.migrate_tenant("t0001", folder.migrations())
            .await
            .unwrap()
            .is_empty()
    );
    let sums = |tenant: &str| {
        database.query_strings(&format!(
            "SELECT version, checksum FROM {tenant}.__diesel_schema_migrations ORDER BY 1"
        ))
    };
    pool.create_tenant("other", folder.migrations()).await.unwrap();
    assert_eq!(sums("t0001"), sums("other"));
}

#[tokio::test]
async fn tenants_to_be_found_at_checkout_or_not_are_migrated_unless_they_are_unfinished_or_archived() {
    let (pool, database) = empty().await;
    make_tenants(&database, 4, &[]);
    for (tenant, status) in [
        (1, "suspended"),
        (2, "spare"),
        (3, "archived"),
        (4, "creation unfinished"),
    ] {
        database.run(&format!(
            "COMMENT ON TABLE t000{tenant}.__diesel_schema_migrations IS 'diesel-tenants: {status}'"
        ));
    }
    let report = pool.migrate_tenants(three().migrations()).run().await.unwrap();
    assert_eq!(
        outcomes(&report),
        [
            "t0001: migrated [\"001\", \"002\", \"003\"]",
            "t0002: migrated [\"001\", \"002\", \"003\"]"
        ]
    );
}

#[tokio::test]
async fn all_tenants_are_reverted_newest_first() {
    let (pool, database) = empty().await;
    make_tenants(&database, 3, &[]);
    let folder = three();
    assert!(
        pool.migrate_tenants(folder.migrations())
            .run()
            .await
            .unwrap()
            .is_success()
    );
    let report = pool
        .revert_tenants(folder.migrations(), Revert::Last(2))
        .run()
        .await
        .unwrap();
    assert_eq!(outcomes(&report)[2], "t0003: reverted [\"003\", \"002\"]");
    assert_eq!(report.to_string(), "3 reverted");
    assert_eq!(
        ["one", "two", "three"].map(|table| count_tables(&database, table)),
        [3, 0, 0]
    );
    assert!(
        pool.revert_tenants(folder.migrations(), Revert::All)
            .run()
            .await
            .unwrap()
            .is_success()
    );
    assert_eq!(count_tables(&database, "one"), 0);
}

#[tokio::test]
async fn migrations_in_rust_and_outside_of_transactions_are_run_as_well() {
    let (pool, database) = empty().await;
    make_tenants(&database, 3, &[]);
    let folder = Folder::of(&[
        ("001_one", "CREATE TABLE one (id int);", ""),
        ("002_index", "CREATE INDEX CONCURRENTLY one_id ON one (id);", ""),
        ("003_two", "CREATE TABLE two (id int);", ""),
    ])
    .without_transaction("002_index");
    let report = pool.migrate_tenants(folder.migrations()).run().await.unwrap();
    assert!(report.is_success(), "{:?}", outcomes(&report));
    let indexes = "SELECT count(*) FROM pg_indexes WHERE indexname = 'one_id' AND schemaname ~ '^t'";
    assert_eq!(database.query_strings(indexes), [[Some("3".to_owned())]]);

    let rust = || {
        RustMigrations(vec![("004", |connection| {
            use diesel::RunQueryDsl;
            let connection = connection
                .downcast_mut::<diesel_tenants::migrations::BlockingConnection>()
                .ok_or("not recorded")?;
            diesel::sql_query("INSERT INTO one VALUES (4)").execute(connection)?;
            Ok(())
        })])
    };
    let report = pool.migrate_tenants(rust()).run().await.unwrap();
    assert!(report.is_success(), "{:?}", outcomes(&report));
    assert_eq!(
        database.query_strings("SELECT id FROM t0001.one UNION ALL SELECT id FROM t0003.one"),
        [[Some("4".to_owned())], [Some("4".to_owned())]]
    );
}

#[tokio::test]
async fn a_version_table_made_by_the_diesel_command_gets_its_column_for_checksums() {
    let (pool, database) = empty().await;
    make_tenants(&database, 2, &["001"]);
    database.run(
        "ALTER TABLE t0001.__diesel_schema_migrations DROP COLUMN checksum; \
         DROP TABLE t0002.__diesel_schema_migrations",
    );
    let report = pool
        .migrate_tenants(three().migrations())
        .only(["t0001", "t0002"])
        .run()
        .await
        .unwrap();
    assert_eq!(
        outcomes(&report),
        [
            "t0001: migrated [\"002\", \"003\"]",
            "t0002: migrated [\"001\", \"002\", \"003\"]"
        ]
    );
    for (tenant, sums) in [("t0001", "2"), ("t0002", "3")] {
        let sql = format!("SELECT count(checksum) FROM {tenant}.__diesel_schema_migrations");
        assert_eq!(database.query_strings(&sql), [[Some(sums.to_owned())]]);
    }
}

#[tokio::test]
async fn what_a_migration_leaves_on_the_session_does_not_reach_the_next_tenant() {
    let (pool, database) = empty().await;
    make_tenants(&database, 3, &[]);
    let folder = Folder::of(&[(
        "001_settings",
        "CREATE TABLE seen AS SELECT current_setting('timezone') AS zone, current_setting('search_path') AS path; \
         SET timezone = 'Asia/Tokyo'; SET search_path = t0001; CREATE TEMPORARY TABLE left_behind (id int);",
        "",
    )]);
    let report = pool
        .migrate_tenants(folder.migrations())
        .workers(1)
        .run()
        .await
        .unwrap();
    assert!(report.is_success(), "{:?}", outcomes(&report));
    for tenant in ["t0001", "t0002", "t0003"] {
        let seen = database.query_strings(&format!("SELECT zone <> 'Asia/Tokyo', path FROM {tenant}.seen"));
        assert_eq!(seen, [[Some("t".to_owned()), Some(tenant.to_owned())]]);
    }
}

#[tokio::test]
async fn a_server_that_wants_single_statements_gets_them_in_one_transaction() {
    let (_, database) = empty().await;
    make_tenants(&database, 2, &[]);
    let pool = TenantPool::builder(database.url())
        .migration_statements(MigrationStatements::Apart)
        .build()
        .await
        .unwrap();
    let folder = Folder::of(&[(
        "001_sent",
        "CREATE TABLE sent AS SELECT current_query() AS sql; CREATE TABLE other (id int);",
        "",
    )]);
    assert!(
        pool.migrate_tenants(folder.migrations())
            .run()
            .await
            .unwrap()
            .is_success()
    );
    pool.create_tenant("t0003", folder.migrations()).await.unwrap();
    for tenant in ["t0001", "t0003"] {
        let sent = database.query_strings(&format!("SELECT sql FROM {tenant}.sent"))[0][0]
            .clone()
            .unwrap();
        assert!(
            sent.starts_with("CREATE TABLE sent") && !sent.contains("other"),
            "{sent}"
        );
    }
    let broken = Folder::of(&[(
        "002_half",
        "CREATE TABLE half (id int); CREATE TABLE sent (id int);",
        "",
    )]);
    let report = pool.migrate_tenants(broken.migrations()).run().await.unwrap();
    assert!(matches!(
        report.tenants[0].outcome,
        TenantOutcome::Failed(MigrationError::Failed(_))
    ));
    assert_eq!(count_tables(&database, "half"), 0);
}

#[tokio::test]
async fn a_fleet_stops_when_it_is_told_to_after_the_tenants_under_way() {
    let (pool, database) = empty().await;
    make_tenants(&database, 5, &[]);
    let through = AtomicUsize::new(0);
    let report = pool
        .migrate_tenants(three().migrations())
        .workers(1)
        .on_progress(|event| {
            if matches!(event, FleetEvent::Tenant(_)) {
                through.fetch_add(1, Relaxed);
            }
        })
        .stop_when(|| through.load(Relaxed) == 2)
        .run()
        .await
        .unwrap();
    assert_eq!(report.to_string(), "2 migrated, 3 not reached");
    assert!(!report.is_success());
    assert_eq!(count_tables(&database, "three"), 2);
    let report = pool.migrate_tenants(three().migrations()).run().await.unwrap();
    assert_eq!(report.to_string(), "3 migrated, 2 up to date");
}

#[tokio::test]
async fn a_connection_is_replaced_after_so_many_statements() {
    let (pool, database) = empty().await;
    make_tenants(&database, 6, &[]);
    database.run("CREATE TABLE public.sessions (tenant text, pid int)");
    let folder = Folder::of(&[(
        "001_who",
        "INSERT INTO public.sessions VALUES (current_schema(), pg_backend_pid()); CREATE TABLE one (id int);",
        "DROP TABLE one;",
    )]);
    let migrate = pool.migrate_tenants(folder.migrations()).workers(1);
    // Three for each tenant, with the one that records the version.
    let report = migrate.statements_per_connection(6).run().await.unwrap();
    assert_eq!(report.to_string(), "6 migrated");
    assert_eq!(
        database.query_strings(
            "SELECT string_agg(tenant, ' ' ORDER BY tenant) FROM public.sessions GROUP BY pid ORDER BY min(tenant)"
        ),
        ["t0001 t0002", "t0003 t0004", "t0005 t0006"].map(|tenants| [Some(tenants.to_owned())])
    );
}
