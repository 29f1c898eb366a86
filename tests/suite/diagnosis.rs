//! What a diagnosis finds.

use diesel_tenants::{
    TenantPool,
    diagnosis::{Check, DiagnosisReport, Finding, Found, Severity},
};
use diesel_tenants_test_support::{Database, Server};

use crate::migrations::items_only;

async fn two() -> Database {
    let database = Server::shared().database();
    let pool = TenantPool::builder(database.url()).build().await.unwrap();
    for tenant in ["client1", "client2"] {
        pool.create_tenant(tenant, items_only()).await.unwrap();
    }
    database
}

fn finding(report: &DiagnosisReport, check: Check) -> &Finding {
    let mut findings = report.findings.iter();
    findings.find(|finding| finding.check == check).unwrap()
}

#[tokio::test]
async fn a_plain_server_has_no_problems() {
    let database = two().await;
    let report = TenantPool::builder(database.url()).diagnose().run().await.unwrap();
    assert!(report.worst() < Severity::Problem, "{report:?}");
    for check in [
        Check::ServerVersion,
        Check::Pooler,
        Check::PreparedStatements,
        Check::Pool,
    ] {
        assert_eq!(finding(&report, check).severity, Severity::Fine);
    }
    let Found::Locks { room, largest } = &finding(&report, Check::Locks).found else {
        panic!("{report:?}");
    };
    let (tenant, relations) = largest.as_ref().unwrap();
    assert!(tenant == "client1" && *relations >= 3 && *room > 1_000, "{report:?}");
    assert!(
        report
            .findings
            .iter()
            .all(|finding| finding.advice.is_some() == (finding.severity > Severity::Fine))
    );
}

#[tokio::test]
async fn all_names_are_found_that_ask_for_attention() {
    let database = two().await;
    for number in 1..=6 {
        database.run(&format!("CREATE UNLOGGED TABLE client1.cache{number} (id int)"));
    }
    database.run(
        "COMMENT ON TABLE client2.__diesel_schema_migrations IS 'diesel-tenants: creation unfinished';
         ALTER TABLE client1.items ADD CONSTRAINT positive CHECK (price > 0) NOT VALID;
         CREATE FUNCTION client2.f() RETURNS int LANGUAGE sql SET search_path = client1 AS 'SELECT 1'",
    );
    let report = TenantPool::builder(database.url()).diagnose().run().await.unwrap();
    let unlogged = finding(&report, Check::UnloggedTables);
    let Found::Names(names) = &unlogged.found else {
        panic!("{unlogged:?}");
    };
    assert_eq!((names.len(), names[5].as_str()), (6, "client1.cache6"));
    assert!(
        unlogged.found.to_string().ends_with("client1.cache4 and 2 more"),
        "{unlogged:?}"
    );
    for (check, severity, name) in [
        (Check::UnfinishedTenants, Severity::Warning, "client2"),
        (
            Check::UncheckedConstraints,
            Severity::Warning,
            "positive on client1.items",
        ),
        (
            Check::CrossReferences,
            Severity::Problem,
            "function f() of \"client2\" leads to \"client1\"",
        ),
    ] {
        let finding = finding(&report, check);
        assert_eq!(finding.severity, severity, "{check}");
        assert_eq!(finding.found, Found::Names(vec![name.to_owned()]), "{check}");
    }
    assert_eq!(report.worst(), Severity::Problem);
}

#[tokio::test]
async fn a_pool_that_cannot_be_built_is_a_problem_and_no_error() {
    let database = two().await;
    let builder = TenantPool::builder(database.url()).search_path_from_role();
    let report = builder.diagnose().run().await.unwrap();
    for check in [Check::SearchPath, Check::Pool] {
        assert_eq!(finding(&report, check).severity, Severity::Problem, "{check}");
    }
}

#[tokio::test]
async fn a_directory_that_says_otherwise_than_the_schemas_is_named() {
    let database = two().await;
    let builder = || TenantPool::builder(database.url()).directory_tables_if_found();
    let pool = builder().build().await.unwrap();
    pool.prepare_directory().await.unwrap();
    database.run(
        "INSERT INTO tenants (name, schema_name) VALUES ('client1', 'client1'), ('lost', 'lost') ON CONFLICT DO NOTHING;
         DELETE FROM tenants WHERE name = 'client2';
         INSERT INTO domains (domain, tenant) VALUES ('lost.example', 'lost')",
    );
    let report = builder().diagnose().run().await.unwrap();
    for (check, name) in [
        (Check::MissingSchemas, "lost"),
        (Check::UnlistedSchemas, "client2"),
        (Check::LostDomains, "lost.example"),
    ] {
        let finding = finding(&report, check);
        assert_eq!(finding.found, Found::Names(vec![name.to_owned()]), "{check}");
    }
}
