//! What is promised of migrations, tested on a real MariaDB.

mod deaths;
mod refusals;

use std::time::{Duration, Instant};

use diesel_async::{AsyncMysqlConnection, async_connection_wrapper::AsyncConnectionWrapper};
use diesel_migrations::MigrationHarness;
use diesel_tenants_translate::SchemaName;

use super::*;
use crate::backend::mysql::{
    lifecycle::{self, OperationError},
    testing::{WAIT, World, assert_same, message, outcome, plan, reversible},
};

/// A shared table `users`, and a tenant without tables.
async fn store() -> (World, SchemaName) {
    let world = World::new();
    let shared = plan(&[(
        "01_users",
        "CREATE TABLE users (id INT PRIMARY KEY, name TEXT); INSERT INTO users VALUES (1, 'Ada')",
    )])
    .await;
    lifecycle::migrate_shared(&world.server, &shared, WAIT).await.unwrap();
    let tenant = world.tenant("client1");
    lifecycle::create(&world.server, &tenant, &plan(&[]).await, WAIT)
        .await
        .unwrap();
    (world, tenant)
}

async fn migrate(
    world: &World,
    tenant: &SchemaName,
    migrations: &[(&str, &str)],
) -> Result<Vec<String>, OperationError> {
    lifecycle::migrate(&world.server, tenant, &plan(migrations).await, WAIT).await
}

async fn failure(world: &World, tenant: &SchemaName, migrations: &[(&str, &str)]) -> String {
    message(&migrate(world, tenant, migrations).await.unwrap_err())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_without_a_database_are_the_tenants_and_the_shared_one_can_be_referenced() {
    let (world, tenant) = store().await;
    let shared = world.shared();
    let text = format!(
        "CREATE TABLE orders (id INT PRIMARY KEY AUTO_INCREMENT, user_id INT, \
         FOREIGN KEY (user_id) REFERENCES {shared}.users (id));\n\
         -- As many as there are users; and a semicolon\n\
         INSERT INTO orders (user_id) SELECT id FROM {shared}.users;\n\
         CREATE VIEW named AS SELECT o.id, u.name FROM orders o JOIN {shared}.users u ON u.id = o.user_id;\n\
         CREATE TRIGGER doubled BEFORE INSERT ON orders FOR EACH ROW BEGIN\n\
           IF NEW.user_id = 9 THEN SET NEW.user_id = 1; END IF;\n\
         END;\n\
         INSERT INTO orders (user_id) VALUES (9)"
    );
    let versions = migrate(&world, &tenant, &[("01_orders", &text)]).await.unwrap();
    assert_eq!(versions, ["01"]);
    let count = world
        .number(&format!("SELECT COUNT(*) AS number FROM {tenant}.named"))
        .await;
    assert_eq!(count, 2);
    assert_eq!(
        world
            .number(&format!(
                "SELECT COUNT(*) AS number FROM {tenant}.__diesel_tenants_progress"
            ))
            .await,
        0
    );
    assert!(
        migrate(&world, &tenant, &[("01_orders", &text)])
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn diesel_reads_the_version_table() {
    let (world, tenant) = store().await;
    migrate(
        &world,
        &tenant,
        &[("01_a", "CREATE TABLE a (b INT)"), ("02_b", "CREATE TABLE c (d INT)")],
    )
    .await
    .unwrap();
    let mut session = world.session().await;
    session.use_database(&tenant).await.unwrap();
    let applied = tokio::task::spawn_blocking(move || {
        let mut connection = AsyncConnectionWrapper::<AsyncMysqlConnection>::from(session.connection);
        let applied = connection.applied_migrations().unwrap();
        applied
            .into_iter()
            .map(|version| version.to_string())
            .collect::<Vec<_>>()
    });
    assert_eq!(applied.await.unwrap(), ["02", "01"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_diesel_has_migrated_gets_the_column_that_it_lacks() {
    let (world, tenant) = store().await;
    world
        .run(&format!(
            "DROP TABLE {tenant}.__diesel_schema_migrations; CREATE TABLE {tenant}.__diesel_schema_migrations (version \
             VARCHAR(50) PRIMARY KEY NOT NULL, run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP); INSERT INTO \
             {tenant}.__diesel_schema_migrations (version) VALUES ('01')"
        ))
        .await;
    let versions = migrate(
        &world,
        &tenant,
        &[("01_a", "CREATE TABLE a (b INT)"), ("02_b", "CREATE TABLE c (d INT)")],
    );
    assert_eq!(versions.await.unwrap(), ["02"]);
    let mut session = world.session().await;
    let one = recorded(&mut session, &tenant).await.unwrap();
    assert_eq!(one.applied[0], ("01".to_owned(), None));
    assert!(one.applied[1].1.is_some() && !one.is_unfinished);
    let all = recorded_in_all(&mut session, &[&tenant, &tenant]).await.unwrap();
    assert_eq!(all, [one.clone(), one]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_migration_names_the_statement_and_goes_on_there_once_it_is_corrected() {
    let (world, tenant) = store().await;
    let beginning = "SET @price = 7;\nCREATE TABLE a (b INT);\nINSERT INTO a VALUES (1);\n";
    let wrong = format!("{beginning}INSERT INTO missing VALUES (@price);\nCREATE TABLE c (d INT)");
    for _ in 0..2 {
        let error = failure(&world, &tenant, &[("01_x", &wrong)]).await;
        assert!(
            error.starts_with("migration 01_x could not be applied, at line 4: `INSERT INTO missing VALUES (@price);`"),
            "{error}"
        );
        assert!(
            error.contains("3 of its 5 statements are applied and recorded"),
            "{error}"
        );
        assert!(error.contains("doesn't exist"), "{error}");
    }
    let right = format!("{beginning}INSERT INTO a VALUES (@price);\nCREATE TABLE c (d INT)");
    assert_eq!(migrate(&world, &tenant, &[("01_x", &right)]).await.unwrap(), ["01"]);
    // The first rows were not inserted again, and the variable was set again.
    let sum = world
        .number(&format!("SELECT CAST(SUM(b) AS SIGNED) AS number FROM {tenant}.a"))
        .await;
    assert_eq!(sum, 8);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_applied_must_not_be_edited() {
    let (world, tenant) = store().await;
    failure(
        &world,
        &tenant,
        &[("01_x", "CREATE TABLE a (b INT); CREATE TABLE a (b INT)")],
    )
    .await;
    let edited = "CREATE TABLE a (b BIGINT); CREATE TABLE c (d INT)";
    let error = failure(&world, &tenant, &[("01_x", edited)]).await;
    assert!(
        error.contains("was changed after 1 of its statements had been applied: statement 1 is another one"),
        "{error}"
    );
    let error = failure(&world, &tenant, &[("02_y", "CREATE TABLE c (d INT)")]).await;
    assert!(
        error.contains("migration 01 of the database") && error.contains("begun and not finished"),
        "{error}"
    );
    let error = message(
        &lifecycle::revert(&world.server, &tenant, &plan(&[]).await, 1, WAIT)
            .await
            .unwrap_err(),
    );
    assert!(
        error.contains("the migration of version 01") && error.contains("migrate first"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_migration_of_rows_alone_is_one_transaction() {
    let (world, tenant) = store().await;
    migrate(&world, &tenant, &[("01_a", "CREATE TABLE a (b INT UNIQUE)")])
        .await
        .unwrap();
    let first = ("01_a", "CREATE TABLE a (b INT UNIQUE)");
    let rows = "CREATE TEMPORARY TABLE t SELECT 1 AS b; INSERT INTO a SELECT b FROM t; SELECT b INTO @b FROM t; INSERT \
                INTO a VALUES (@b)";
    let error = failure(&world, &tenant, &[first, ("02_rows", rows)]).await;
    assert!(
        error.contains("the database is as it was before") && error.contains("Duplicate entry"),
        "{error}"
    );
    assert_eq!(
        world
            .number(&format!("SELECT COUNT(*) AS number FROM {tenant}.a"))
            .await,
        0
    );
    // Outside a transaction each statement is one.
    let outside = "INSERT INTO a VALUES (1); INSERT INTO a VALUES (1)";
    let error = failure(&world, &tenant, &[first, ("02_rows_outside", outside)]).await;
    assert!(error.contains("1 of its 2 statements are applied"), "{error}");
    assert_eq!(
        world
            .number(&format!("SELECT COUNT(*) AS number FROM {tenant}.a"))
            .await,
        1
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_of_one_migration_reaches_the_next() {
    let (world, tenant) = store().await;
    let migrations = [
        ("01_a", "CREATE TABLE a (b INT); SET @b = 5; SET SESSION sql_mode = ''"),
        ("02_b", "INSERT INTO a VALUES (@b); CREATE TABLE c (d INT)"),
    ];
    migrate(&world, &tenant, &migrations).await.unwrap();
    assert_eq!(
        world
            .number(&format!("SELECT COUNT(b) AS number FROM {tenant}.a"))
            .await,
        0
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn migrations_are_reverted_and_one_that_cannot_be_is_refused_before() {
    let (world, tenant) = store().await;
    let texts = [
        ("01_a", "CREATE TABLE a (b INT)", ""),
        (
            "02_b",
            "CREATE TABLE c (d INT); CREATE TABLE e (f INT)",
            "DROP TABLE e; DROP TABLE c",
        ),
    ];
    let plan = reversible(&texts).await;
    lifecycle::migrate(&world.server, &tenant, &plan, WAIT).await.unwrap();
    let error = message(
        &lifecycle::revert(&world.server, &tenant, &plan, 2, WAIT)
            .await
            .unwrap_err(),
    );
    assert!(
        error.contains("migration 01_a can't be reverted, and nothing was reverted: its down.sql is empty"),
        "{error}"
    );
    let before = world.dump(&tenant);
    assert!(before.contains("`e`"));
    assert_eq!(
        lifecycle::revert(&world.server, &tenant, &plan, 1, WAIT).await.unwrap(),
        ["02"]
    );
    assert!(!world.dump(&tenant).contains("`e`"));
    assert_eq!(
        lifecycle::migrate(&world.server, &tenant, &plan, WAIT).await.unwrap(),
        ["02"]
    );
    assert_same(&world.dump(&tenant), &before, "afterwards");
    // A failed revert goes on, and nothing is applied meanwhile.
    let wrong = reversible(&[texts[0], ("02_b", texts[1].1, "DROP TABLE e; DROP TABLE missing")]).await;
    let error = message(
        &lifecycle::revert(&world.server, &tenant, &wrong, 1, WAIT)
            .await
            .unwrap_err(),
    );
    assert!(
        error.contains("could not be reverted") && error.contains("1 of its 2 statements"),
        "{error}"
    );
    let error = message(
        &lifecycle::migrate(&world.server, &tenant, &plan, WAIT)
            .await
            .unwrap_err(),
    );
    assert!(error.contains("revert it first") || error.is_empty(), "{error}");
    let right = reversible(&[texts[0], ("02_b", texts[1].1, "DROP TABLE e; DROP TABLE c")]).await;
    assert_eq!(
        lifecycle::revert(&world.server, &tenant, &right, 1, WAIT)
            .await
            .unwrap(),
        ["02"]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_that_migrate_at_once_do_each_thing_once() {
    let (world, tenant) = store().await;
    let migrations = [
        ("01_a", "CREATE TABLE a (b INT); INSERT INTO a VALUES (1)"),
        ("02_b", "INSERT INTO a VALUES (2)"),
    ];
    let mut tasks = Vec::new();
    for _ in 0..4 {
        let (server, tenant, plan) = (world.server.clone(), tenant.clone(), plan(&migrations).await);
        tasks.push(tokio::spawn(async move {
            lifecycle::migrate(&server, &tenant, &plan, WAIT).await.unwrap().len()
        }));
    }
    let mut applied = 0;
    for task in tasks {
        applied += task.await.unwrap();
    }
    assert_eq!(applied, 2);
    assert_eq!(
        world
            .number(&format!("SELECT CAST(SUM(b) AS SIGNED) AS number FROM {tenant}.a"))
            .await,
        3
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_statement_that_runs_on_after_its_client_died_is_waited_for() {
    let (world, tenant) = store().await;
    migrate(
        &world,
        &tenant,
        &[("01_a", "CREATE TABLE a (b INT); INSERT INTO a VALUES (1)")],
    )
    .await
    .unwrap();
    let migrations = [
        ("01_a", "CREATE TABLE a (b INT); INSERT INTO a VALUES (1)"),
        (
            "02_b",
            "CREATE TABLE c AS SELECT SLEEP(2) AS d FROM a; INSERT INTO a VALUES (2)",
        ),
    ];
    let (server, name, plan) = (world.server.clone(), tenant.clone(), plan(&migrations).await);
    let task = tokio::spawn(async move { lifecycle::migrate(&server, &name, &plan, WAIT).await });
    let started = Instant::now();
    let running = "SELECT COUNT(*) AS number FROM information_schema.PROCESSLIST WHERE INFO LIKE 'CREATE TABLE c AS%'";
    while world.number(running).await == 0 {
        assert!(started.elapsed() < WAIT);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // The process dies: its connections are closed, and the server goes on with the statement.
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
    assert_eq!(migrate(&world, &tenant, &migrations).await.unwrap(), ["02"]);
    assert_eq!(
        world
            .number(&format!("SELECT CAST(SUM(b) AS SIGNED) AS number FROM {tenant}.a"))
            .await,
        3
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_tenants_are_migrated() {
    let (world, _) = store().await;
    let stranger = world.tenant("stranger");
    world.run(&format!("CREATE DATABASE {stranger}")).await;
    let error = failure(&world, &stranger, &[("01_a", "CREATE TABLE a (b INT)")]).await;
    assert!(error.contains("there is no tenant"), "{error}");
    assert!(!world.dump(&stranger).contains("TABLE"));
}
