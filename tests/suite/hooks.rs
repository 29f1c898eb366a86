//! Hooks around what only PostgreSQL has; see `both/hooks.rs`.

use diesel_tenants::TenantPool;
use diesel_tenants_test_support::Server;

use crate::{both::Recorder, migrations::items_only};

#[tokio::test]
async fn hooks_run_for_a_schema_that_was_dropped_by_hand_and_not_for_spares() {
    let database = Server::shared().database();
    let recorder = Recorder::default();
    let pool = TenantPool::builder(database.url())
        .hooks(recorder.clone())
        .build()
        .await
        .unwrap();
    let around = |operation: &str| vec![format!("before: {operation}"), format!("after: {operation}")];
    pool.ensure_tenant("b", items_only()).await.unwrap();
    pool.for_tenant("b").get().await.unwrap();
    recorder.take();
    database.run("DROP SCHEMA b CASCADE");
    pool.ensure_tenant("b", items_only()).await.unwrap();
    assert_eq!(recorder.take(), around("create tenant \"b\""));
    pool.prepare_spares(1, items_only()).await.unwrap();
    assert!(recorder.take().is_empty(), "spares are no tenants yet");
    pool.create_tenant("a", items_only()).await.unwrap();
    assert_eq!(recorder.take(), around("create tenant \"a\""));
}
