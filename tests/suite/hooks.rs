use std::sync::{Arc, Mutex};

use diesel_tenants::{BoxFuture, LifecycleError, LifecycleEvent, LifecycleHooks, TenantPool, lifecycle::HookResult};
use diesel_tenants_test_support::{Database, Server, chain};

use crate::migrations::items_only;

/// Writes down what it is told, and fails when told to.
#[derive(Clone, Default)]
struct Recorder {
    told: Arc<Mutex<Vec<String>>>,
    fails: Arc<Mutex<Option<&'static str>>>,
}

impl Recorder {
    fn record(&self, when: &'static str, event: &LifecycleEvent) -> HookResult {
        self.told.lock().unwrap().push(format!("{when}: {event}"));
        match *self.fails.lock().unwrap() {
            Some(fails) if fails == when => Err("no!".into()),
            _ => Ok(()),
        }
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.told.lock().unwrap())
    }

    fn fail(&self, when: Option<&'static str>) {
        *self.fails.lock().unwrap() = when;
    }
}

impl LifecycleHooks for Recorder {
    fn before<'a>(&'a self, event: &'a LifecycleEvent) -> BoxFuture<'a, HookResult> {
        Box::pin(async move { self.record("before", event) })
    }

    fn after<'a>(&'a self, event: &'a LifecycleEvent) -> BoxFuture<'a, HookResult> {
        Box::pin(async move { self.record("after", event) })
    }
}

async fn recorded() -> (TenantPool, Database, Recorder) {
    let database = Server::shared().database();
    let recorder = Recorder::default();
    let pool = TenantPool::builder(database.url())
        .hooks(recorder.clone())
        .build()
        .await
        .unwrap();
    (pool, database, recorder)
}

fn around(operation: &str) -> Vec<String> {
    vec![format!("before: {operation}"), format!("after: {operation}")]
}

#[tokio::test]
async fn hooks_run_before_and_after_each_operation() {
    let (pool, database, recorder) = recorded().await;
    pool.create_tenant("a", items_only()).await.unwrap();
    assert_eq!(recorder.take(), around("create tenant \"a\""));
    pool.ensure_tenant("b", items_only()).await.unwrap();
    assert_eq!(recorder.take(), around("create tenant \"b\""));
    pool.ensure_tenant("b", items_only()).await.unwrap();
    assert!(recorder.take().is_empty(), "it was there already");
    pool.for_tenant("b").get().await.unwrap();
    database.run("DROP SCHEMA b CASCADE");
    pool.ensure_tenant("b", items_only()).await.unwrap();
    assert_eq!(recorder.take(), around("create tenant \"b\""));
    pool.rename_tenant("a", "x").await.unwrap();
    assert_eq!(recorder.take(), around("rename tenant \"a\" to \"x\""));
    pool.suspend_tenant("x").await.unwrap();
    assert_eq!(recorder.take(), around("suspend tenant \"x\""));
    pool.resume_tenant("x").await.unwrap();
    assert_eq!(recorder.take(), around("resume tenant \"x\""));
    let archive = pool.archive_tenant("x").await.unwrap();
    assert_eq!(recorder.take(), around("archive tenant \"x\""));
    pool.restore_tenant(&archive, "y").await.unwrap();
    assert_eq!(
        recorder.take(),
        around(&format!("restore archive {archive:?} as tenant \"y\""))
    );
    pool.drop_tenant("y").await.unwrap();
    assert_eq!(recorder.take(), around("drop tenant \"y\""));
    let archive = pool.archive_tenant("b").await.unwrap();
    recorder.take();
    pool.drop_archived(std::time::Duration::ZERO).await.unwrap();
    assert_eq!(recorder.take(), around(&format!("drop archive {archive:?}")));
    pool.prepare_spares(1, items_only()).await.unwrap();
    assert!(recorder.take().is_empty(), "spares are no tenants yet");
    pool.create_tenant("a", items_only()).await.unwrap();
    assert_eq!(recorder.take(), around("create tenant \"a\""));
}

#[tokio::test]
async fn an_error_before_keeps_it_from_being_done() {
    let (pool, _database, recorder) = recorded().await;
    pool.create_tenant("a", items_only()).await.unwrap();
    recorder.take();
    recorder.fail(Some("before"));
    for error in [
        pool.create_tenant("b", items_only()).await.unwrap_err(),
        pool.rename_tenant("a", "b").await.unwrap_err(),
        pool.suspend_tenant("a").await.unwrap_err(),
        pool.archive_tenant("a").await.unwrap_err(),
        pool.drop_tenant("a").force().await.unwrap_err(),
    ] {
        assert!(matches!(error, LifecycleError::Hook { .. }), "{error:?}");
        assert!(chain(&error).ends_with(": no!"), "{}", chain(&error));
    }
    assert!(recorder.take().iter().all(|told| told.starts_with("before")));
    pool.for_tenant("a").get().await.unwrap();
    assert_eq!(pool.all_tenants().await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_error_after_is_told_and_the_operation_is_done() {
    let (pool, _database, recorder) = recorded().await;
    recorder.fail(Some("after"));
    let error = pool.create_tenant("a", items_only()).await.unwrap_err();
    assert!(matches!(error, LifecycleError::HookAfterwards { .. }), "{error:?}");
    assert_eq!(
        chain(&error),
        "create tenant \"a\": done, but the hook afterwards failed; do by hand what it should have done: no!"
    );
    pool.for_tenant("a").get().await.unwrap();
    assert!(pool.drop_tenant("a").await.is_err());
    assert!(!pool.tenant_exists("a").await.unwrap());
}

#[tokio::test]
async fn what_fails_has_no_hook_after_it() {
    let (pool, _database, recorder) = recorded().await;
    pool.drop_tenant("nobody").await.unwrap_err();
    assert_eq!(recorder.take(), ["before: drop tenant \"nobody\""]);
}
