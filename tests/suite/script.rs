//! SQL of any kind in many tenants.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use diesel_tenants::{
    ScriptError, ScriptFailure, TenantPool,
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
