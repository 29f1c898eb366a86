//! When there is no audit.

use diesel_tenants::{
    MysqlUrl, TenantPool,
    testing::isolation::{AuditError, audit},
};

use super::store::{Store, run};

#[tokio::test]
async fn one_audit_of_a_server_at_a_time_and_of_a_tenant_that_is_there() {
    let store = Store::new().await;
    let inner = async || audit(&store.pool, "tenant_b").run(async || ()).await.map(drop);
    let report = audit(&store.pool, "tenant_a").run(inner).await.unwrap();
    let refused = report.assert_isolated().unwrap_err();
    assert!(matches!(refused, AuditError::Busy { .. }), "{refused}");
    let missing = audit(&store.pool, "nobody").run(async || ()).await.unwrap_err();
    assert!(matches!(missing, AuditError::UnknownTenant { .. }), "{missing}");
}

#[tokio::test]
async fn a_table_in_use_before_the_work_is_named() {
    let store = Store::new().await;
    let mut session = store.session();
    run(&mut session, &["LOCK TABLES tenant_b.users READ"]);
    let refused = audit(&store.pool, "tenant_a").run(async || ()).await.unwrap_err();
    assert!(refused.to_string().contains("tenant_b.users"), "{refused}");
    assert_eq!(
        run(&mut session, &["SELECT @@GLOBAL.userstat, @@GLOBAL.general_log"]),
        [["0", "0"]]
    );
    run(&mut session, &["UNLOCK TABLES"]);
    store.audited(async || ()).await.assert_isolated();
}

#[tokio::test]
async fn an_account_without_the_rights_needs_an_observer() {
    let store = Store::new().await;
    run(
        &mut store.session(),
        &[
            "CREATE USER shop IDENTIFIED BY 'secret'",
            "GRANT ALL ON public.* TO shop",
            "GRANT ALL ON `tenant\\_%`.* TO shop",
        ],
    );
    let url: MysqlUrl = store.server.url().parse().unwrap();
    let (_, address) = store
        .server
        .url()
        .rsplit_once('@')
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
        .unwrap();
    let pool = TenantPool::builder(format!("mysql://shop:secret@{address}").parse::<MysqlUrl>().unwrap());
    let pool = pool.build().await.unwrap();
    let refused = audit(&pool, "tenant_a").run(async || ()).await.unwrap_err();
    assert!(matches!(refused, AuditError::MysqlQuery { .. }), "{refused}");
    let report = audit(&pool, "tenant_a")
        .observer(url)
        .run(async || super::names(&pool, "tenant_b").await);
    let report = report.await.unwrap();
    assert_eq!(report.leaks().len(), 1, "{report}");
}
