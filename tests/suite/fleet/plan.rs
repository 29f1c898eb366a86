use diesel_tenants::{FleetError, migrations::FleetEvent};

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_nothing_is_pending_a_handful_of_queries_is_all_and_one_more_for_a_hundred_tenants() {
    let mut queries = Vec::new();
    for tenants in [60, 400] {
        let (pool, database) = empty().await;
        make_tenants(&database, tenants, &["001", "002", "003"]);
        let before = transactions(&database).await;
        let report = pool.migrate_tenants(three().migrations()).run().await.unwrap();
        assert_eq!(report.to_string(), format!("{tenants} up to date"));
        queries.push(transactions(&database).await - before);
    }
    assert!(queries[1] - queries[0] <= 10, "for 60 and 400: {queries:?}");
    assert!(queries[0] < 40, "{queries:?}");
}

/// How many transactions the database has seen, once all sessions have told.
async fn transactions(database: &Database) -> i64 {
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    let sql = "SELECT pg_stat_force_next_flush(); \
               SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()";
    let rows = database.query_strings(sql);
    rows.last().unwrap()[0].as_deref().unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_dry_run_says_what_would_be_done_and_does_nothing() {
    let (pool, database) = empty().await;
    make_tenants(&database, 2, &["001"]);
    database.run("INSERT INTO t0001.__diesel_schema_migrations VALUES ('002'), ('003')");
    let report = pool
        .migrate_tenants(three().migrations())
        .dry_run()
        .run()
        .await
        .unwrap();
    assert_eq!(
        outcomes(&report),
        ["t0001: up to date []", "t0002: pending [\"002\", \"003\"]"]
    );
    assert_eq!(count_tables(&database, "two"), 0);
}

#[tokio::test]
async fn only_those_chosen_are_migrated_in_that_order() {
    let (pool, database) = empty().await;
    make_tenants(&database, 4, &[]);
    let report = pool
        .migrate_tenants(three().migrations())
        .only(["t0003", "t0001", "t0003"])
        .run()
        .await
        .unwrap();
    assert_eq!(
        outcomes(&report),
        [
            "t0003: migrated [\"001\", \"002\", \"003\"]",
            "t0001: migrated [\"001\", \"002\", \"003\"]"
        ]
    );
    assert_eq!(count_tables(&database, "one"), 2);
}

#[tokio::test]
async fn a_tenant_that_does_not_exist_is_refused_before_anything_is_done() {
    let (pool, database) = empty().await;
    make_tenants(&database, 2, &[]);
    database.run("COMMENT ON TABLE t0002.__diesel_schema_migrations IS 'diesel-tenants: archived'");
    for missing in ["t0009", "t0002"] {
        let error = pool
            .migrate_tenants(three().migrations())
            .only(["t0001", missing])
            .run()
            .await
            .unwrap_err();
        assert!(
            matches!(&error, FleetError::UnknownTenant { tenant } if tenant.as_str() == missing),
            "{error:?}"
        );
        let error = pool
            .migrate_tenants(three().migrations())
            .canaries([missing])
            .run()
            .await
            .unwrap_err();
        assert!(matches!(&error, FleetError::UnknownTenant { .. }), "{error:?}");
    }
    let error = pool
        .migrate_tenants(three().migrations())
        .only(["public"])
        .run()
        .await
        .unwrap_err();
    assert!(matches!(error, FleetError::InvalidName(_)), "{error:?}");
    assert_eq!(count_tables(&database, "one"), 0);
}

#[tokio::test]
async fn a_migration_changed_after_it_was_applied_is_reported_with_its_tenants() {
    let (pool, database) = empty().await;
    make_tenants(&database, 3, &[]);
    let folder = three();
    let migrated = pool
        .migrate_tenants(folder.migrations())
        .only(["t0003", "t0001"])
        .run()
        .await;
    assert!(migrated.unwrap().changed.is_empty());
    folder.write("002_two", "up.sql", "CREATE TABLE two (id bigint);");
    let report = pool.migrate_tenants(folder.migrations()).run().await.unwrap();
    assert!(report.is_success(), "it is told, and not refused");
    assert_eq!(report.changed.len(), 1);
    assert_eq!(report.changed[0].version, "002");
    let tenants: Vec<&str> = report.changed[0].tenants.iter().map(|name| name.as_str()).collect();
    assert_eq!(tenants, ["t0001", "t0003"]);
    let status = pool.migration_status(folder.migrations()).await.unwrap();
    assert_eq!(status.changed, report.changed);
}

#[tokio::test]
async fn the_status_tells_what_every_tenant_has_and_lacks() {
    let (pool, database) = empty().await;
    make_tenants(&database, 3, &["001"]);
    database.run(
        "INSERT INTO t0002.__diesel_schema_migrations VALUES ('002'), ('003'), ('099'); \
         COMMENT ON TABLE t0003.__diesel_schema_migrations IS 'diesel-tenants: suspended'; \
         DELETE FROM t0003.__diesel_schema_migrations",
    );
    let status = pool.migration_status(three().migrations()).await.unwrap();
    let lines: Vec<String> = status
        .tenants
        .iter()
        .map(|tenant| {
            format!(
                "{} {} {:?} {:?} {:?} {:?}",
                tenant.tenant,
                tenant.status,
                tenant.newest(),
                tenant.applied,
                tenant.pending,
                tenant.unknown
            )
        })
        .collect();
    assert_eq!(
        lines,
        [
            r#"t0001 active Some("001") ["001"] ["002", "003"] []"#,
            r#"t0002 active Some("099") ["001", "002", "003", "099"] [] ["099"]"#,
            r#"t0003 suspended None [] ["001", "002", "003"] []"#,
        ]
    );
}

#[tokio::test]
async fn the_status_of_chosen_tenants_tells_of_these_and_refuses_unknown_ones() {
    let (pool, database) = empty().await;
    let folder = three();
    make_tenants(&database, 3, &["001", "002"]);
    database.run(
        "CREATE SCHEMA bare; CREATE TABLE t0001.a (id int PRIMARY KEY); CREATE TABLE t0002.a (id int PRIMARY KEY); \
         UPDATE pg_index SET indisvalid = false WHERE indexrelid = 't0002.a_pkey'::regclass; \
         COMMENT ON TABLE t0003.__diesel_schema_migrations IS 'diesel-tenants: archived'",
    );
    let status = pool.migration_status(folder.migrations());
    let status = status.only(["t0002", "bare", "t0001", "t0002"]).await.unwrap();
    let lines = status.tenants.iter().map(|tenant| {
        let (applied, pending) = (tenant.applied.join(" "), tenant.pending.join(" "));
        format!("{}: {applied}; {pending}; {:?}", tenant.tenant, tenant.invalid_indexes)
    });
    assert_eq!(
        lines.collect::<Vec<_>>(),
        [
            "bare: ; 001 002 003; []",
            "t0001: 001 002; 003; []",
            r#"t0002: 001 002; 003; ["a_pkey"]"#
        ]
    );
    for unknown in ["t0003", "nobody"] {
        let status = pool.migration_status(folder.migrations()).only(["t0001", unknown]);
        let error = status.await.unwrap_err();
        assert!(
            matches!(error, FleetError::UnknownTenant { .. }),
            "{unknown}: {error:?}"
        );
    }
    let error = pool.migration_status(folder.migrations()).only([""]).await.unwrap_err();
    assert!(matches!(error, FleetError::InvalidName(_)), "{error:?}");
    let none = pool.migration_status(folder.migrations()).only([""; 0]).await.unwrap();
    assert!(none.tenants.is_empty());
}

#[tokio::test]
async fn progress_tells_of_the_plan_and_then_of_each_tenant() {
    let (pool, database) = empty().await;
    make_tenants(&database, 3, &["001", "002"]);
    database.run("INSERT INTO t0001.__diesel_schema_migrations VALUES ('003')");
    let told = std::sync::Mutex::new(Vec::new());
    let watch = |event: FleetEvent<'_>| {
        told.lock().unwrap().push(match event {
            FleetEvent::Planned { tenants, pending } => format!("{pending} of {tenants}"),
            FleetEvent::Tenant(report) => format!("{} {}", report.tenant, report.outcome),
            _ => unreachable!(),
        });
    };
    let report = pool
        .migrate_tenants(three().migrations())
        .workers(1)
        .on_progress(watch)
        .run()
        .await
        .unwrap();
    assert!(report.is_success());
    assert_eq!(
        told.into_inner().unwrap(),
        ["2 of 3", "t0002 migrated", "t0003 migrated"]
    );
}

#[cfg(feature = "serde")]
#[tokio::test]
async fn reports_are_written_as_json_with_the_causes_of_errors() {
    let (pool, database) = empty().await;
    make_tenants(&database, 3, &["001", "002"]);
    database.run("CREATE TABLE t0002.three (id int)");
    let report = pool
        .migrate_tenants(three().migrations())
        .keep_going()
        .run()
        .await
        .unwrap();
    let mut json = serde_json::to_value(&report).unwrap();
    assert!(json["seconds"].take().as_f64().unwrap() > 0.0);
    assert_eq!(
        json,
        serde_json::json!({
            "tenants": [
                { "tenant": "t0001", "versions": ["003"], "outcome": "migrated" },
                {
                    "tenant": "t0002", "versions": [], "outcome": "failed",
                    "error": "migration 003_three of tenant \"t0002\" could not be applied; the schema is as it was \
                              before: relation \"three\" already exists",
                },
                { "tenant": "t0003", "versions": ["003"], "outcome": "migrated" },
            ],
            "changed": [],
            "outside": [],
            "seconds": null,
        })
    );
    let status = serde_json::to_value(pool.migration_status(three().migrations()).await.unwrap()).unwrap();
    assert_eq!(
        status["tenants"][1],
        serde_json::json!({
            "tenant": "t0002", "status": "active", "applied": ["001", "002"], "pending": ["003"], "unknown": [],
            "invalid_indexes": []
        })
    );
}
