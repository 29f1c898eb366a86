//! Migrations of many tenants.

mod failures;
mod plan;
mod run;

use diesel_tenants::{FleetReport, TenantPool};
use diesel_tenants_test_support::{Database, Server, chain};

use crate::migrations::Folder;

async fn empty() -> (TenantPool, Database) {
    let database = Server::shared().database();
    let pool = pool(&database).await;
    (pool, database)
}

async fn pool(database: &Database) -> TenantPool {
    TenantPool::builder(database.url()).build().await.unwrap()
}

/// Tenants `t0001`, `t0002` and so on, to each of which some versions are applied already.
fn make_tenants(database: &Database, count: usize, versions: &[&str]) {
    let versions = versions
        .iter()
        .map(|version| format!("INSERT INTO %1$I.__diesel_schema_migrations (version) VALUES (''{version}'');"))
        .collect::<String>();
    // A transaction for each hundred: a schema's tables are locked until its end.
    for first in (1..=count).step_by(100) {
        let last = count.min(first + 99);
        database.run(&format!(
            "DO $$ BEGIN FOR i IN {first}..{last} LOOP EXECUTE format('CREATE SCHEMA %1$I; \
             CREATE TABLE %1$I.__diesel_schema_migrations (version VARCHAR(50) PRIMARY KEY NOT NULL, \
             run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, checksum TEXT); {versions}', \
             't' || lpad(i::text, 4, '0')); END LOOP; END $$"
        ));
    }
}

/// How many tenants have a table.
fn count_tables(database: &Database, table: &str) -> usize {
    let sql = format!("SELECT count(*) FROM pg_tables WHERE tablename = '{table}'");
    database.query_strings(&sql)[0][0].as_deref().unwrap().parse().unwrap()
}

/// How many tenants have a version.
fn count_versions(database: &Database, version: &str) -> usize {
    let schemas = "SELECT nspname FROM pg_namespace WHERE nspname ~ '^t\\d{4}$' ORDER BY 1";
    let schemas: Vec<String> = database
        .query_strings(schemas)
        .into_iter()
        .flatten()
        .flatten()
        .collect();
    let mut found = 0;
    for schemas in schemas.chunks(100) {
        let selects: Vec<String> = schemas
            .iter()
            .map(|schema| format!("SELECT version FROM {schema}.__diesel_schema_migrations"))
            .collect();
        let sql = format!(
            "SELECT count(*) FROM ({}) v WHERE version = '{version}'",
            selects.join(" UNION ALL ")
        );
        found += database.query_strings(&sql)[0][0]
            .as_deref()
            .unwrap()
            .parse::<usize>()
            .unwrap();
    }
    found
}

/// The reports' outcomes, each with its versions and its error.
fn outcomes(report: &FleetReport) -> Vec<String> {
    let outcome = |tenant: &diesel_tenants::migrations::TenantReport| {
        let mut text = format!("{}: {} {:?}", tenant.tenant, tenant.outcome, tenant.versions);
        if let diesel_tenants::migrations::TenantOutcome::Failed(error) = &tenant.outcome {
            text += " ";
            text += &chain(error);
        }
        text
    };
    report.tenants.iter().map(outcome).collect()
}

/// Three migrations that work.
fn three() -> Folder {
    Folder::of(&[
        ("001_one", "CREATE TABLE one (id int);", "DROP TABLE one;"),
        (
            "002_two",
            "CREATE TABLE two (id int); CREATE INDEX ON two (id);",
            "DROP TABLE two;",
        ),
        ("003_three", "CREATE TABLE three (id int);", "DROP TABLE three;"),
    ])
}
