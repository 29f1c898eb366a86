use diesel_tenants::{
    ScriptError, Sqlite, TenantPool,
    script::{ScriptAnswers, StatementAnswer},
};

use diesel_tenants_test_support::chain;

use super::store::{Store, prices};

/// The answers of all tenants.
async fn all(mut answers: ScriptAnswers<'_>) -> Vec<(String, Result<Vec<StatementAnswer>, String>)> {
    let mut all = Vec::new();
    while let Some((tenant, answer)) = answers.next().await {
        all.push((tenant.to_string(), answer.map_err(|error| chain(&error))));
    }
    all
}

async fn run(pool: &TenantPool<Sqlite>, sql: &str) -> Vec<(String, Result<Vec<StatementAnswer>, String>)> {
    all(pool.run_script(sql).start().await.unwrap()).await
}

/// The answers of the first tenant.
async fn first(pool: &TenantPool<Sqlite>, sql: &str) -> Vec<StatementAnswer> {
    run(pool, sql).await.remove(0).1.unwrap()
}

#[tokio::test]
async fn each_tenant_answers_with_its_own_rows() {
    let store = Store::new().await;
    let sql = "SELECT u.name, i.price FROM public.users u, items i; UPDATE items SET price = price + 1";
    let answers = run(&store.pool, sql).await;
    for ((tenant, answer), (name, price)) in answers.into_iter().zip([("client1", "5000"), ("client2", "1000")]) {
        assert_eq!(tenant, name);
        let answer = answer.unwrap();
        assert_eq!(answer[0].columns.as_deref().unwrap(), ["name", "price"]);
        assert_eq!(answer[0].rows, [[Some("Ada".to_owned()), Some(price.to_owned())]]);
        assert_eq!((answer[1].columns.is_none(), answer[1].count), (true, 1));
    }
    assert_eq!(prices(&store.pool, "client1").await, [5001]);
}

#[tokio::test]
async fn a_script_that_fails_in_a_tenant_is_undone_there_and_only_there() {
    let store = Store::new().await;
    let sql = "INSERT INTO items VALUES (2, 'x', 1); INSERT INTO items SELECT 1, 'y', 1 FROM items WHERE price = 1000";
    let answers = run(&store.pool, sql).await;
    assert!(answers[0].1.is_ok());
    assert!(
        answers[1].1.as_ref().unwrap_err().contains("UNIQUE constraint failed"),
        "{answers:?}"
    );
    assert_eq!(prices(&store.pool, "client1").await.len(), 2);
    assert_eq!(prices(&store.pool, "client2").await.len(), 1);
}

#[tokio::test]
async fn transactions_of_the_script_s_own_are_run_as_they_are() {
    let store = Store::new().await;
    let sql = "BEGIN; INSERT INTO items VALUES (2, 'x', 1); COMMIT; BEGIN; INSERT INTO items VALUES (3, 'x', 1)";
    assert!(
        run(&store.pool, sql)
            .await
            .into_iter()
            .all(|(_, answer)| answer.is_ok())
    );
    assert_eq!(
        prices(&store.pool, "client1").await.len(),
        2,
        "what was left open is rolled back"
    );
    assert!(run(&store.pool, "VACUUM").await[0].1.is_ok());
}

#[tokio::test]
async fn nothing_but_the_tenant_s_file_and_the_shared_one_is_reached() {
    let store = Store::new().await;
    for sql in ["SELECT * FROM client2.items", "DROP TABLE client2.items"] {
        let answers = all(store.pool.run_script(sql).only(["client1"]).start().await.unwrap()).await;
        assert!(
            answers[0].1.as_ref().unwrap_err().contains("no such table"),
            "{answers:?}"
        );
    }
    for sql in [
        "DELETE FROM items; ATTACH 'elsewhere.db' AS elsewhere",
        "DELETE FROM items; VACUUM INTO 'elsewhere.db'",
        "DELETE FROM items; PRAGMA journal_mode = DELETE",
        "DELETE FROM items; CREATE VIEW v AS SELECT * FROM public.users",
        "DELETE FROM items; SELECT 'x",
    ] {
        let error = store.pool.run_script(sql).start().await.unwrap_err();
        assert!(error.to_string().contains("nothing was sent"), "{sql}: {error}");
    }
    assert_eq!(prices(&store.pool, "client1").await, [5000]);
    assert!(!std::path::Path::new("elsewhere.db").exists());
}

#[tokio::test]
async fn values_are_text_and_counts_are_of_their_statement() {
    let store = Store::new().await;
    let sql = "SELECT 1 AS one, 2.5 AS half, NULL AS void, x'00ff' AS bytes, 'é' AS text";
    let answer = first(&store.pool, sql).await.remove(0);
    let values = [Some("1"), Some("2.5"), None, Some("X'00FF'"), Some("é")];
    assert_eq!(answer.rows, [values.map(|value| value.map(str::to_owned))]);
    assert_eq!(answer.count, 1);

    let sql = "INSERT INTO items VALUES (2, 'x', 1), (3, 'y', 2); CREATE TABLE t (id); DELETE FROM items WHERE id > 7; \
               INSERT INTO items VALUES (4, 'z', 3) RETURNING id; SELECT id, price FROM items WHERE id > 7 -- none";
    let counts: Vec<_> = first(&store.pool, sql)
        .await
        .into_iter()
        .map(|answer| (answer.count, answer.columns))
        .collect();
    let named = |names: &[&str]| Some(names.iter().map(|name| (*name).to_owned()).collect());
    assert_eq!(
        counts,
        [
            (2, None),
            (0, None),
            (0, None),
            (1, named(&["id"])),
            (0, named(&["id", "price"]))
        ]
    );
}

#[tokio::test]
async fn what_a_tenant_leaves_on_its_connection_no_other_meets() {
    let store = Store::new().await;
    let sql = "CREATE TEMP TABLE left_over (id); PRAGMA case_sensitive_like = ON; SELECT 'a' LIKE 'A' AS alike";
    let answers = all(store.pool.run_script(sql).concurrency(1).start().await.unwrap()).await;
    assert!(answers.iter().all(|(_, answer)| answer.is_ok()), "{answers:?}");
    assert_eq!(
        first(&store.pool, "SELECT 'a' LIKE 'A' AS alike").await[0].rows,
        [[Some("1".to_owned())]]
    );
}

#[tokio::test]
async fn suspended_tenants_are_left_out_unless_they_are_chosen() {
    let store = Store::new().await;
    store.pool.suspend_tenant("client1").await.unwrap();
    let answers = store.pool.run_script("SELECT 1").start().await.unwrap();
    assert_eq!(answers.tenants(), 1);
    let chosen = store
        .pool
        .run_script("SELECT 1")
        .only(["client1"])
        .start()
        .await
        .unwrap();
    assert_eq!(all(chosen).await.len(), 1);
    let archive = store.pool.archive_tenant("client2").await.unwrap();
    for unknown in ["nobody", archive.as_str()] {
        let error = store
            .pool
            .run_script("SELECT 1")
            .only([unknown])
            .start()
            .await
            .unwrap_err();
        assert!(matches!(error, ScriptError::UnknownTenant { .. }), "{error}");
    }
    assert!(!store.folder.path().join("nobody.db").exists());
}

#[tokio::test]
async fn a_script_stops_between_two_tenants() {
    let store = Store::new().await;
    let script = store
        .pool
        .run_script("DELETE FROM items")
        .concurrency(1)
        .stop_when(|| true);
    let answers = all(script.start().await.unwrap()).await;
    assert!(
        answers
            .iter()
            .all(|(_, answer)| answer.as_ref().unwrap_err() == "not reached")
    );
    assert_eq!(prices(&store.pool, "client1").await, [5000]);
}
