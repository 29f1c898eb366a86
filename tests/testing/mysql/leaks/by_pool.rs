//! What the pool's connections reach.

use diesel_async::SimpleAsyncConnection;
use diesel_tenants::testing::isolation::Access::Read;

use crate::mysql::store::{Store, check, names, run};

#[tokio::test]
async fn by_the_pool_the_report_names_the_statement_and_the_place() {
    let store = Store::new().await;
    let report = store.audited(async || names(&store.pool, "tenant_b").await).await;
    check(
        &report,
        &[("tenant_b.users", Read)],
        "`tenant_b`.`users`",
        "a checkout for another tenant",
    );
    assert_eq!(*report.output(), ["Ada"]);
    let [statement] = &*report.leaks()[0].statements else {
        panic!("{report}");
    };
    let place = statement.place.as_deref().unwrap_or_default();
    assert!(place.contains("mysql"), "{report}");

    let sql = "INSERT INTO users (name) SELECT CONCAT(name, ' too') FROM tenant_b.users";
    let report = store
        .audited(async || {
            let mut conn = store.pool.for_tenant("tenant_a").get().await.unwrap();
            conn.batch_execute(sql).await.unwrap();
        })
        .await;
    check(
        &report,
        &[("tenant_b.users", Read)],
        "tenant_b.users",
        "SQL on a tenant's checkout",
    );

    let mut session = store.session();
    run(
        &mut session,
        &["CREATE PROCEDURE tenant_a.peek() READS SQL DATA SELECT COUNT(*) FROM tenant_b.users"],
    );
    let report = store
        .audited(async || {
            let mut conn = store.pool.for_tenant("tenant_a").get().await.unwrap();
            conn.batch_execute("CALL peek()").await.unwrap();
        })
        .await;
    check(&report, &[("tenant_b.users", Read)], "peek", "a procedure");
    assert_eq!(report.leaks()[0].statements.len(), 1, "{report}");
}
