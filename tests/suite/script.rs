//! SQL of any kind in many tenants.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::SeqCst},
};

use diesel_tenants::{
    BoxFuture, Placement, SchemaName, ScriptError, ScriptFailure, TenantDirectory, TenantPool, TenantStatus,
    directory::{CatalogDirectory, DirectoryAnswer, DirectoryEntry},
    script::{ScriptAnswers, StatementAnswer},
};
use diesel_tenants_test_support::{Database, Server};

use crate::migrations::items_only;

async fn three() -> (TenantPool, Database) {
    let database = Server::shared().database();
    let pool = TenantPool::builder(database.url()).max_size(1).build().await.unwrap();
    for (price, tenant) in ["client1", "client2", "client3"].into_iter().enumerate() {
        pool.create_tenant(tenant, items_only()).await.unwrap();
        database.run(&format!("INSERT INTO {tenant}.items (id, price) VALUES (1, {price})"));
    }
    (pool, database)
}

fn count(database: &Database, tenant: &str) -> String {
    let counted = database.query_strings(&format!("SELECT count(*)::text FROM {tenant}.items"));
    counted[0][0].clone().unwrap()
}

/// Each tenant with its answers, or its error.
async fn all(mut answers: ScriptAnswers<'_>) -> Vec<(String, Result<Vec<StatementAnswer>, ScriptFailure>)> {
    let mut all = Vec::new();
    while let Some((tenant, answer)) = answers.next().await {
        all.push((tenant.to_string(), answer));
    }
    all
}

#[tokio::test]
async fn each_tenant_answers_each_statement_as_text() {
    let (pool, database) = three().await;
    pool.suspend_tenant("client2").await.unwrap();
    let sql = "SELECT price, NULL AS nothing FROM items; DELETE FROM items";
    let answers = pool.run_script(sql).start().await.unwrap();
    assert_eq!(answers.tenants(), 2);
    for (tenant, price) in all(answers).await.into_iter().zip([("client1", "0"), ("client3", "2")]) {
        let statements = tenant.1.unwrap();
        assert_eq!(tenant.0, price.0);
        assert_eq!(statements[0].columns.as_deref().unwrap(), ["price", "nothing"]);
        assert_eq!(statements[0].rows, [[Some(price.1.to_owned()), None]]);
        assert_eq!((statements[1].columns.as_ref(), statements[1].count), (None, 1));
    }
    assert_eq!(count(&database, "client2"), "1");
    // A suspended one that is chosen is reached.
    let chosen = pool.run_script("SELECT 1").only(["client2"]).start().await.unwrap();
    assert_eq!(all(chosen).await.len(), 1);
}

#[tokio::test]
async fn a_failure_rolls_back_the_tenants_statements_and_nothing_stays_on_the_session() {
    let (pool, database) = three().await;
    database.run("ALTER TABLE client1.items ADD CHECK (price < 50)");
    let sql = "SELECT current_setting('statement_timeout'); SET statement_timeout = 77777; \
               CREATE TEMPORARY TABLE items_too AS SELECT 1; \
               INSERT INTO items (id, price) VALUES (2, 2); INSERT INTO items (id, price) VALUES (3, 50)";
    let answers = all(pool.run_script(sql).concurrency(1).start().await.unwrap()).await;
    assert!(matches!(answers[0].1, Err(ScriptFailure::Statement(_))), "{answers:?}");
    for (tenant, answer) in &answers[1..] {
        let statements = answer.as_ref().unwrap();
        assert_ne!(statements[0].rows[0][0].as_deref(), Some("77777ms"), "{tenant}");
    }
    assert_eq!(count(&database, "client1"), "1");
    assert_eq!(count(&database, "client3"), "3");
}

#[tokio::test]
async fn a_prepared_statement_with_the_name_transaction_is_in_the_scripts_transaction() {
    let (pool, _database) = three().await;
    // The server refuses a savepoint outside of a transaction that was begun.
    let sql =
        "PREPARE transaction AS SELECT 1; SAVEPOINT a; INSERT INTO items (id, price) VALUES (2, 2); ROLLBACK TO a";
    for (tenant, answer) in all(pool.run_script(sql).start().await.unwrap()).await {
        assert!(answer.is_ok(), "{tenant}: {answer:?}");
    }
}

#[tokio::test]
async fn what_cannot_be_run_everywhere_is_sent_to_nobody() {
    let (pool, database) = three().await;
    let start = async |sql: &str, only: &[&str]| {
        let script = pool.run_script(sql).only(only.iter().copied());
        script.start().await.unwrap_err()
    };
    let delete = "DELETE FROM items";
    let error = start(delete, &["client1", "nobody"]).await;
    assert!(matches!(error, ScriptError::UnknownTenant { .. }), "{error:?}");
    let error = start(delete, &["client1", "public"]).await;
    assert!(matches!(error, ScriptError::InvalidName(_)), "{error:?}");
    let error = start("DELETE FROM items; SELECT 'x", &["client1"]).await;
    assert!(matches!(error, ScriptError::Translate(_)), "{error:?}");
    let error = start("DELETE FROM items; COPY items TO STDOUT", &["client1"]).await;
    assert!(matches!(error, ScriptError::CopyOut), "{error:?}");
    let error = start("DELETE FROM items; COPY items FROM STDIN", &["client1"]).await;
    assert!(matches!(error, ScriptError::CopyIn), "{error:?}");
    assert_eq!(count(&database, "client1"), "1");
}

#[tokio::test]
async fn no_tenant_is_begun_once_it_is_to_stop() {
    let (pool, _database) = three().await;
    let asked = AtomicUsize::new(0);
    let script = pool.run_script("SELECT 1").concurrency(1);
    let answers = script
        .stop_when(|| asked.fetch_add(1, SeqCst) >= 2)
        .start()
        .await
        .unwrap();
    let answers = all(answers).await;
    assert!(answers[0].1.is_ok() && answers[1].1.is_ok(), "{answers:?}");
    assert!(matches!(answers[2].1, Err(ScriptFailure::NotReached)), "{answers:?}");
}

/// The tenants live in schemas of other names. Counts how often it is asked for one, and for all.
#[derive(Clone, Default)]
struct Renaming {
    found: Arc<AtomicUsize>,
    listed: Arc<AtomicUsize>,
}

const TENANTS: [(&str, &str, TenantStatus); 4] = [
    ("one", "client1", TenantStatus::Active),
    ("two", "client2", TenantStatus::Suspended),
    ("bare", "bare_schema", TenantStatus::Active),
    ("gone", "client3", TenantStatus::Archived),
];

impl TenantDirectory for Renaming {
    fn find<'a>(&'a self, tenant: &'a SchemaName, _: &'a TenantPool) -> BoxFuture<'a, DirectoryAnswer<DirectoryEntry>> {
        self.found.fetch_add(1, SeqCst);
        let found = TENANTS.iter().find(|(name, ..)| *name == tenant.as_str());
        Box::pin(async move { Ok(found.map(|found| entry(found).1)) })
    }

    fn list<'a>(&'a self, _: &'a TenantPool) -> BoxFuture<'a, DirectoryAnswer<Vec<(SchemaName, DirectoryEntry)>>> {
        self.listed.fetch_add(1, SeqCst);
        Box::pin(async { Ok(Some(TENANTS.iter().map(entry).collect())) })
    }
}

fn entry((name, schema, status): &(&str, &str, TenantStatus)) -> (SchemaName, DirectoryEntry) {
    let placement = Placement::schema(schema.parse().unwrap());
    (
        name.parse().unwrap(),
        DirectoryEntry::new(placement).with_status(*status),
    )
}

#[tokio::test]
async fn a_directory_is_asked_once_for_all_tenants_and_once_for_each_chosen_one() {
    let (_pool, database) = three().await;
    database.run("CREATE SCHEMA bare_schema; CREATE TABLE bare_schema.items (id int); CREATE SCHEMA none");
    let directory = Renaming::default();
    let builder = TenantPool::builder(database.url()).directory(directory.clone());
    let pool = builder.build().await.unwrap();
    let asked = || (directory.found.swap(0, SeqCst), directory.listed.swap(0, SeqCst));
    let names = |answers: &[(String, _)]| answers.iter().map(|(tenant, _)| tenant.clone()).collect::<Vec<_>>();
    let script = || pool.run_script("SELECT count(*) FROM items");

    let answers = all(script().start().await.unwrap()).await;
    assert_eq!(names(&answers), ["bare", "one"]);
    assert!(answers.iter().all(|(_, answer)| answer.is_ok()), "{answers:?}");
    assert_eq!(asked(), (0, 1));

    let answers = all(script().only(["two", "one"]).start().await.unwrap()).await;
    assert_eq!(names(&answers), ["two", "one"]);
    assert_eq!(asked(), (2, 0));

    // The catalog doesn't know the schema as a tenant's, so the directory's list decides.
    let answers = all(script().only(["bare"]).start().await.unwrap()).await;
    assert_eq!(names(&answers), ["bare"]);
    assert_eq!(asked(), (1, 1));

    for unknown in ["client1", "gone", "none"] {
        let error = script().only(["one", unknown]).start().await.unwrap_err();
        assert!(
            matches!(error, ScriptError::UnknownTenant { .. }),
            "{unknown}: {error:?}"
        );
    }
}

#[tokio::test]
async fn a_schema_that_was_never_migrated_is_no_tenant_to_choose() {
    let (_pool, database) = three().await;
    database.run("CREATE SCHEMA bare");
    let plain = TenantPool::builder(database.url()).build().await.unwrap();
    let builder = TenantPool::builder(database.url()).directory(CatalogDirectory);
    for pool in [plain, builder.build().await.unwrap()] {
        let answers = all(pool.run_script("SELECT 1").only(["client1"]).start().await.unwrap()).await;
        assert!(answers[0].1.is_ok());
        let error = pool
            .run_script("SELECT 1")
            .only(["client1", "bare"])
            .start()
            .await
            .unwrap_err();
        assert!(matches!(error, ScriptError::UnknownTenant { .. }), "{error:?}");
    }
}
