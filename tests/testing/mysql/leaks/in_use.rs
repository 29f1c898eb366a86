//! Sessions that outlive the work, or were there before it.

use std::time::Duration;

use diesel_async::SimpleAsyncConnection;
use diesel_tenants::testing::isolation::Access::Read;

use super::cases::RESET;
use crate::mysql::store::{Store, check, run};

#[tokio::test]
async fn a_table_that_is_kept_open_is_a_leak_though_nothing_is_counted_yet() {
    let store = Store::new().await;
    run(&mut store.session(), RESET);
    let report = store
        .audited(async || {
            let (mut locks, mut handles) = (store.session(), store.session());
            run(
                &mut locks,
                &["LOCK TABLES tenant_b.empty READ", "SELECT * FROM tenant_b.empty"],
            );
            run(
                &mut handles,
                &["HANDLER tenant_b.users OPEN AS theirs", "HANDLER theirs READ FIRST"],
            );
            (locks, handles)
        })
        .await;
    check(
        &report,
        &[("tenant_b.empty", Read), ("tenant_b.users", Read)],
        "tenant_b",
        "tables in use",
    );
}

#[tokio::test]
async fn a_connection_that_was_open_before_the_work_is_watched_too() {
    let store = Store::new().await;
    let mut session = store.session();
    run(
        &mut session,
        &[
            "PREPARE s FROM 'SELECT name FROM tenant_b.users WHERE id = ?'",
            "SET @id = 1",
        ],
    );
    let report = store
        .audited(async || run(&mut session, &["EXECUTE s USING @id"]))
        .await;
    check(
        &report,
        &[("tenant_b.users", Read)],
        "WHERE id = ?",
        "a statement that was prepared before",
    );
    assert_eq!(*report.output(), [["Ada"]]);
}

#[tokio::test]
async fn a_query_that_is_abandoned_is_waited_for() {
    let store = Store::new().await;
    let report = store
        .audited(async || {
            let mut conn = store.pool.for_tenant("tenant_a").get().await.unwrap();
            let query = conn.batch_execute("SELECT name, SLEEP(1) FROM tenant_b.users");
            tokio::time::timeout(Duration::from_millis(200), query).await.is_err()
        })
        .await;
    assert!(report.output());
    check(&report, &[("tenant_b.users", Read)], "SLEEP", "an abandoned query");
}
