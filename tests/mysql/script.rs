//! SQL in many tenants, with answers as text.

use diesel_tenants::{
    ScriptError,
    script::{ScriptAnswers, StatementAnswer},
};
use diesel_tenants_test_support::chain;

use crate::store::{Store, prices};

/// The answers of the tenants.
async fn all(mut answers: ScriptAnswers<'_>) -> Vec<(String, Result<Vec<StatementAnswer>, String>)> {
    let mut all = Vec::new();
    while let Some((tenant, answer)) = answers.next().await {
        all.push((tenant.to_string(), answer.map_err(|error| chain(&error))));
    }
    all
}

/// The answers of both tenants of a store. The server has tenants of other tests as well.
async fn run(store: &Store, sql: &str) -> Vec<(String, Result<Vec<StatementAnswer>, String>)> {
    let script = store.pool.run_script(sql).only([&*store.first, &*store.second]);
    all(script.start().await.unwrap()).await
}

/// The answers of the first tenant.
async fn first(store: &Store, sql: &str) -> Vec<StatementAnswer> {
    let script = store.pool.run_script(sql).only([&*store.first]);
    all(script.start().await.unwrap()).await.remove(0).1.unwrap()
}

fn texts<const N: usize>(values: [Option<&str>; N]) -> Vec<Option<String>> {
    values.into_iter().map(|value| value.map(str::to_owned)).collect()
}

#[tokio::test]
async fn each_tenant_answers_with_its_own_rows() {
    let store = Store::new().await;
    let sql = "SELECT u.name, i.price FROM public.users u, items i WHERE u.id = 1; UPDATE items SET price = price + 1";
    let answers = run(&store, sql).await;
    let expected = [(&store.first, "5000"), (&store.second, "1000")];
    for ((tenant, answer), (name, price)) in answers.into_iter().zip(expected) {
        assert_eq!(&tenant, name);
        let answer = answer.unwrap();
        assert_eq!(answer[0].columns.as_deref().unwrap(), ["name", "price"]);
        assert_eq!(answer[0].rows, [texts([Some("Ada"), Some(price)])]);
        assert_eq!((answer[1].columns.is_none(), answer[1].count), (true, 1));
    }
    assert_eq!(prices(&store.pool, &store.first).await, [5001]);
}

#[tokio::test]
async fn a_script_that_fails_in_a_tenant_is_undone_there_and_only_there() {
    let store = Store::new().await;
    let sql = "INSERT INTO items VALUES (2, 'x', 1); INSERT INTO items SELECT 1, 'y', 1 FROM items WHERE price = 1000";
    let answers = run(&store, sql).await;
    assert!(answers[0].1.is_ok(), "{answers:?}");
    assert!(
        answers[1].1.as_ref().unwrap_err().contains("Duplicate entry"),
        "{answers:?}"
    );
    assert_eq!(prices(&store.pool, &store.first).await.len(), 2);
    assert_eq!(prices(&store.pool, &store.second).await.len(), 1);
}

#[tokio::test]
async fn transactions_of_the_script_s_own_are_run_as_they_are() {
    let store = Store::new().await;
    let sql = "BEGIN; INSERT INTO items VALUES (2, 'x', 1); COMMIT; BEGIN; INSERT INTO items VALUES (3, 'y', 1)";
    assert!(run(&store, sql).await.into_iter().all(|(_, answer)| answer.is_ok()));
    let left = prices(&store.pool, &store.first).await.len();
    assert_eq!(left, 2, "what was left open is rolled back");
}

#[tokio::test]
async fn what_is_not_understood_is_refused_before_anything_is_sent() {
    let store = Store::new().await;
    for sql in [
        "DELETE FROM items; USE mysql",
        "DELETE FROM items; PREPARE p FROM 'SELECT 1'",
        "DELETE FROM items; SELECT 1 /*!50000 FROM mysql.user */",
        "DELETE FROM items; SELECT 'x",
    ] {
        let script = store.pool.run_script(sql).only([&*store.first]);
        let error = script.start().await.unwrap_err();
        assert!(error.to_string().contains("nothing was sent"), "{sql}: {error}");
    }
    assert_eq!(prices(&store.pool, &store.first).await, [5000]);
}

#[tokio::test]
async fn a_name_that_the_translator_cannot_see_reaches_no_database() {
    let store = Store::new().await;
    let sql = "SELECT DATABASE() AS named";
    assert_eq!(first(&store, sql).await[0].rows, [texts([None])]);
}

#[tokio::test]
async fn values_are_text_and_counts_are_of_their_statement() {
    let store = Store::new().await;
    let sql = "SELECT 1 AS one, 2.5 AS half, NULL AS void, x'00ff' AS bytes, 'é😀' AS text, DATE '2026-01-31' AS day";
    let answer = first(&store, sql).await.remove(0);
    let values = [
        Some("1"),
        Some("2.5"),
        None,
        Some("X'00FF'"),
        Some("é😀"),
        Some("2026-01-31"),
    ];
    assert_eq!((answer.rows, answer.count), (vec![texts(values)], 1));

    let sql = "INSERT INTO items VALUES (2, 'x', 1), (3, 'y', 2); DELETE FROM items WHERE id > 7; \
               SELECT id, price FROM items WHERE id > 7 -- none";
    let answers = first(&store, sql).await.into_iter();
    let counts: Vec<_> = answers.map(|answer| (answer.count, answer.columns)).collect();
    let named = Some(vec!["id".to_owned(), "price".to_owned()]);
    assert_eq!(counts, [(2, None), (0, None), (0, named)]);
}

#[tokio::test]
async fn a_procedure_answers_with_each_of_its_queries() {
    let store = Store::new().await;
    let sql = "CREATE PROCEDURE both_ways() BEGIN SELECT 1 AS a; SELECT 2 AS b, 3 AS c; END";
    first(&store, sql).await;
    let answers = first(&store, "CALL both_ways()").await;
    let rows: Vec<_> = answers.into_iter().map(|answer| answer.rows).collect();
    assert_eq!(rows, [[texts([Some("1")])], [texts([Some("2"), Some("3")])]]);
}

#[tokio::test]
async fn what_a_tenant_leaves_on_its_session_no_other_meets() {
    let store = Store::new().await;
    let sql = "SELECT @left AS found; SET @left = 1";
    let script = store.pool.run_script(sql).only([&*store.first, &*store.second]);
    let answers = all(script.concurrency(1).start().await.unwrap()).await;
    for (_, answer) in answers {
        assert_eq!(answer.unwrap()[0].rows, [texts([None])]);
    }
}

#[tokio::test]
async fn suspended_tenants_can_be_chosen_and_what_is_no_tenant_can_not() {
    let store = Store::new().await;
    store.pool.suspend_tenant(&*store.first).await.unwrap();
    assert_eq!(first(&store, "SELECT 1 AS one").await.len(), 1);
    let unsuspended = store.pool.run_script("SELECT 1").start().await.unwrap();
    let reached: Vec<String> = all(unsuspended).await.into_iter().map(|(tenant, _)| tenant).collect();
    assert!(!reached.contains(&store.first) && reached.contains(&store.second));
    for unknown in ["nobody", "mysql", "public"] {
        let script = store.pool.run_script("SELECT 1").only([unknown]);
        let error = script.start().await.unwrap_err();
        let is_refused = matches!(error, ScriptError::UnknownTenant { .. } | ScriptError::InvalidName(_));
        assert!(is_refused, "{unknown}: {error}");
    }
}
