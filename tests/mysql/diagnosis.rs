//! The doctor, on a server of its own: it looks at all tenants of a server.

use std::collections::HashMap;

use diesel_async::{AsyncConnection, AsyncMysqlConnection, SimpleAsyncConnection};
use diesel_tenants::{
    Mysql, MysqlUrl, TenantPool,
    diagnosis::{Check, DiagnosisReport, Severity},
};
use diesel_tenants_test_support::{MariaDb, chain};

use crate::store::{NoMigrations, Sql};

fn url(server: &MariaDb) -> MysqlUrl {
    server.url().parse().unwrap()
}

async fn run(server: &MariaDb, sql: &str) {
    let mut connection = AsyncMysqlConnection::establish(&server.url()).await.unwrap();
    connection.batch_execute(sql).await.unwrap();
}

async fn diagnose(server: &MariaDb) -> DiagnosisReport {
    let diagnosed = TenantPool::builder(url(server)).diagnose().run().await;
    diagnosed.unwrap_or_else(|error| panic!("{}", chain(&error)))
}

/// What is not fine, by its check.
fn told(report: &DiagnosisReport) -> HashMap<Check, (Severity, String)> {
    let bad = report
        .findings
        .iter()
        .filter(|finding| finding.severity > Severity::Fine);
    bad.map(|finding| (finding.check, (finding.severity, finding.found.to_string())))
        .collect()
}

/// One server for all of it, since each takes some seconds to install.
#[tokio::test]
async fn a_healthy_server_has_no_problems_and_each_problem_is_named() {
    let server = MariaDb::start().unwrap_or_else(|error| panic!("{}", chain(&error)));
    assert_eq!(
        told(&diagnose(&server).await),
        HashMap::new(),
        "a server without tenants"
    );

    let pool: TenantPool<Mysql> = TenantPool::builder(url(&server)).max_size(2).build().await.unwrap();
    pool.migrate_shared(NoMigrations).await.unwrap();
    for tenant in ["client1", "client2", "gone"] {
        let tables = Sql("CREATE TABLE items (id BIGINT PRIMARY KEY, price INT)");
        pool.create_tenant(tenant, tables).await.unwrap();
    }
    pool.archive_tenant("gone").await.unwrap();
    pool.create_tenant("gone", NoMigrations).await.unwrap();
    let report = diagnose(&server).await;
    assert_eq!(told(&report), HashMap::new(), "{report:?}");

    // Other people's databases on the server are none of ours.
    run(
        &server,
        "CREATE DATABASE other CHARACTER SET latin1; CREATE TABLE other.a (b INT) ENGINE = MyISAM",
    )
    .await;
    assert_eq!(told(&diagnose(&server).await), HashMap::new());

    run(
        &server,
        "DROP DATABASE gone; ALTER DATABASE client1 CHARACTER SET latin1; \
         CREATE TABLE client1.logs (id INT PRIMARY KEY, line TEXT) ENGINE = MyISAM CHARACTER SET latin1; \
         CREATE TABLE client1.counts (id INT PRIMARY KEY) ENGINE = Aria CHARACTER SET utf8mb4; \
         CREATE VIEW client1.others AS SELECT * FROM client2.items; \
         CREATE TABLE client1.orders (item BIGINT, FOREIGN KEY (item) REFERENCES client2.items (id)); \
         CREATE EVENT client2.nightly ON SCHEDULE EVERY 1 DAY DO DELETE FROM client2.items; \
         CREATE USER app IDENTIFIED BY 'secret'; GRANT SELECT ON *.* TO app; \
         CREATE DEFINER = app SQL SECURITY INVOKER VIEW client2.theirs AS SELECT 1; \
         UPDATE public.__diesel_tenants SET operation = 'drop', status = 'unfinished' WHERE name LIKE '%archived%'",
    )
    .await;
    let told_now = told(&diagnose(&server).await);
    let expect = |check: Check, severity: Severity, parts: &[&str]| {
        let (found, text) = told_now.get(&check).unwrap_or_else(|| panic!("{check}: {told_now:?}"));
        assert_eq!(*found, severity, "{check}");
        for part in parts {
            assert!(text.contains(part), "{check}: {text}");
        }
    };
    expect(Check::MissingDatabases, Severity::Problem, &["gone"]);
    expect(Check::UnfinishedTenants, Severity::Warning, &["(being dropped)"]);
    expect(
        Check::CharacterSets,
        Severity::Warning,
        &["client1 (latin1)", "client1.logs (latin1)"],
    );
    expect(
        Check::Engines,
        Severity::Warning,
        &["client1.counts (Aria)", "client1.logs (MyISAM)"],
    );
    expect(
        Check::CrossReferences,
        Severity::Problem,
        &["foreign key client1.", " to client2", "view client1.others to client2"],
    );
    expect(Check::Events, Severity::Warning, &["client2.nightly"]);
    expect(Check::Definers, Severity::Warning, &["client2.theirs (app@%)"]);
    assert_eq!(told_now.len(), 7, "{told_now:?}");

    run(
        &server,
        "SET GLOBAL event_scheduler = ON; SET GLOBAL sql_mode = ''; SET GLOBAL max_prepared_stmt_count = 900; \
         SET GLOBAL max_connections = 10",
    )
    .await;
    let told_now = told(&diagnose(&server).await);
    assert!(!told_now.contains_key(&Check::Events), "{told_now:?}");
    assert!(told_now[&Check::SqlMode].1.contains("without STRICT_TRANS_TABLES"));
    assert!(
        told_now[&Check::PreparedStatements].1.ends_with(" of 900 in use"),
        "{told_now:?}"
    );

    let (_, place) = server
        .url()
        .rsplit_once('@')
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
        .unwrap();
    let url: MysqlUrl = format!("mysql://app:secret@{place}").parse().unwrap();
    let report = TenantPool::builder(url).diagnose().run().await.unwrap();
    let (severity, rights) = &told(&report)[&Check::Rights];
    assert!(
        *severity == Severity::Warning && rights.starts_with("INSERT, UPDATE"),
        "{rights}"
    );

    run(&server, "SET GLOBAL sql_mode = 'ANSI_QUOTES'").await;
    let told_now = told(&diagnose(&server).await);
    let (severity, found) = &told_now[&Check::Pool];
    assert!(
        *severity == Severity::Problem && found.contains("ANSI_QUOTES"),
        "{found}"
    );
    run(&server, "SET GLOBAL sql_mode = 'STRICT_TRANS_TABLES'").await;

    server
        .restart(&["--log-bin=binary", "--binlog-format=STATEMENT"])
        .unwrap();
    assert_eq!(told(&diagnose(&server).await)[&Check::BinaryLog].1, "logs statements");
    server.restart(&["--log-bin=binary", "--binlog-format=ROW"]).unwrap();
    assert!(!told(&diagnose(&server).await).contains_key(&Check::BinaryLog));

    server.kill().unwrap();
    let (severity, found) = &told(&diagnose(&server).await)[&Check::Pool];
    assert!(
        *severity == Severity::Problem && found.contains("can't connect"),
        "{found}"
    );
}
