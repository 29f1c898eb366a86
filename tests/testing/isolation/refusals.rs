//! When there is no audit.

use diesel_async::SimpleAsyncConnection;
use diesel_tenants::{
    TenantPool,
    testing::{
        Server,
        isolation::{AuditError, audit},
    },
};

use crate::store::Store;

#[tokio::test]
async fn a_database_that_may_be_anybodys_is_refused_unless_a_comment_says_what_it_is() {
    let server = Server::shared();
    let owner = server.database();
    let name = owner.name().replace("diesel_tenants_test", "shop");
    owner.run(&format!("CREATE DATABASE {name}"));
    let url = server.url_for(&name);
    let pool = TenantPool::builder(&url).build().await.unwrap();
    let mut conn = pool.shared().get().await.unwrap();
    conn.batch_execute("CREATE SCHEMA tenant_a").await.unwrap();
    let refused = audit(&pool, "tenant_a").run(async || ()).await.unwrap_err();
    assert!(
        matches!(&refused, AuditError::NotATestDatabase { database, .. } if *database == name),
        "{refused}"
    );
    // The session that was there is still there.
    conn.batch_execute("SELECT 1").await.unwrap();
    drop(conn);

    owner.run(&format!(
        "COMMENT ON DATABASE {name} IS 'diesel-tenants test database of the shop'"
    ));
    audit(&pool, "tenant_a")
        .run(async || ())
        .await
        .unwrap()
        .assert_isolated();
    pool.close();
    owner.run(&format!("DROP DATABASE {name} WITH (FORCE)"));
}

#[tokio::test]
async fn one_audit_of_a_database_at_a_time() {
    let store = Store::new().await;
    let inner = async || audit(&store.pool, "tenant_b").run(async || ()).await.map(drop);
    let report = audit(&store.pool, "tenant_a").run(inner).await.unwrap();
    assert!(
        matches!(report.output(), Err(AuditError::Busy { .. })),
        "{:?}",
        report.output()
    );
    report.assert_isolated().unwrap_err();
    audit(&store.pool, "tenant_b")
        .run(async || ())
        .await
        .unwrap()
        .assert_isolated();
}

#[tokio::test]
async fn a_tenant_that_is_not_there_is_named() {
    let store = Store::new().await;
    let unknown = audit(&store.pool, "tenant_x").run(async || ()).await.unwrap_err();
    assert!(unknown.to_string().contains("\"tenant_x\""), "{unknown}");
    let invalid = audit(&store.pool, "").run(async || ()).await.unwrap_err();
    assert!(matches!(invalid, AuditError::Tenant(_)), "{invalid}");
}

#[tokio::test]
async fn a_role_that_may_not_end_the_sessions_of_others_says_so() {
    let store = Store::new().await;
    let role = store.database.name();
    store.database.run(&format!(
        "CREATE ROLE {role} LOGIN PASSWORD 'secret'; GRANT USAGE ON SCHEMA public, tenant_a TO {role};
         GRANT SELECT ON ALL TABLES IN SCHEMA public, tenant_a TO {role}"
    ));
    let (_, address) = store.database.url().rsplit_once('@').unwrap();
    let pool = TenantPool::builder(format!("postgres://{role}:secret@{address}"))
        .build()
        .await
        .unwrap();
    let other = store.raw().await;
    let refused = audit(&pool, "tenant_a").run(async || ()).await.unwrap_err();
    assert!(
        matches!(refused, AuditError::SessionsLeft { sessions: 1.., .. }),
        "{refused}"
    );
    drop(other);

    // Under a role that may, functions are watched too.
    let audited = audit(&pool, "tenant_a")
        .observer(store.database.url())
        .run(async || ())
        .await
        .unwrap();
    assert!(audited.unwatched().is_empty());
    pool.close();
    drop(pool);
    store.database.run(&format!("DROP OWNED BY {role}; DROP ROLE {role}"));
}
