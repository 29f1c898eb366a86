use diesel_tenants::LifecycleError;
use diesel_tenants_test_support::chain;

use super::{
    on_each,
    recorder::Recorder,
    store::{Store, items_only},
    test_backend::{Options, TestBackend},
};

on_each!(
    hooks_run_before_and_after_each_operation,
    an_error_before_keeps_it_from_being_done,
    an_error_after_is_told_and_the_operation_is_done,
    what_fails_has_no_hook_after_it,
    the_tenant_is_the_current_one_in_a_hook,
);

async fn recorded<B: TestBackend>() -> (Store<B>, Recorder) {
    let recorder = Recorder::default();
    let options = Options {
        hooks: Some(recorder.clone()),
        ..Options::default()
    };
    (Store::empty(options).await, recorder)
}

fn around(operation: &str) -> Vec<String> {
    vec![format!("before: {operation}"), format!("after: {operation}")]
}

async fn hooks_run_before_and_after_each_operation<B: TestBackend>() {
    let (store, recorder) = recorded::<B>().await;
    let pool = &store.pool;
    B::create(pool, "a", items_only()).await.unwrap();
    assert_eq!(recorder.take(), around("create tenant \"a\""));
    B::ensure(pool, "b", items_only()).await.unwrap();
    assert_eq!(recorder.take(), around("create tenant \"b\""));
    B::ensure(pool, "b", items_only()).await.unwrap();
    assert!(recorder.take().is_empty(), "it was there already");
    B::rename(pool, "a", "x").await.unwrap();
    assert_eq!(recorder.take(), around("rename tenant \"a\" to \"x\""));
    B::suspend(pool, "x").await.unwrap();
    assert_eq!(recorder.take(), around("suspend tenant \"x\""));
    B::resume(pool, "x").await.unwrap();
    assert_eq!(recorder.take(), around("resume tenant \"x\""));
    let archive = B::archive(pool, "x").await.unwrap();
    assert_eq!(recorder.take(), around("archive tenant \"x\""));
    B::restore(pool, &archive, "y").await.unwrap();
    assert_eq!(
        recorder.take(),
        around(&format!("restore archive {archive:?} as tenant \"y\""))
    );
    B::drop_tenant(pool, "y").await.unwrap();
    assert_eq!(recorder.take(), around("drop tenant \"y\""));
    let archive = B::archive(pool, "b").await.unwrap();
    recorder.take();
    assert_eq!(B::drop_archived(pool).await, 1);
    assert_eq!(recorder.take(), around(&format!("drop archive {archive:?}")));
}

async fn an_error_before_keeps_it_from_being_done<B: TestBackend>() {
    let (store, recorder) = recorded::<B>().await;
    let pool = &store.pool;
    B::create(pool, "a", items_only()).await.unwrap();
    recorder.take();
    recorder.fail(Some("before"));
    for error in [
        B::create(pool, "b", items_only()).await.unwrap_err(),
        B::rename(pool, "a", "b").await.unwrap_err(),
        B::suspend(pool, "a").await.unwrap_err(),
        B::archive(pool, "a").await.unwrap_err(),
        B::drop_tenant(pool, "a").await.unwrap_err(),
    ] {
        assert!(matches!(error, LifecycleError::Hook { .. }), "{error:?}");
        assert!(chain(&error).ends_with(": no!"), "{}", chain(&error));
    }
    assert!(recorder.take().iter().all(|told| told.starts_with("before")));
    pool.for_tenant("a").get().await.unwrap();
    assert_eq!(pool.all_tenants().await.unwrap().len(), 1);
}

async fn an_error_after_is_told_and_the_operation_is_done<B: TestBackend>() {
    let (store, recorder) = recorded::<B>().await;
    let pool = &store.pool;
    recorder.fail(Some("after"));
    let error = B::create(pool, "a", items_only()).await.unwrap_err();
    assert!(matches!(error, LifecycleError::HookAfterwards { .. }), "{error:?}");
    assert_eq!(
        chain(&error),
        "create tenant \"a\": done, but the hook afterwards failed; do by hand what it should have done: no!"
    );
    pool.for_tenant("a").get().await.unwrap();
    assert!(B::drop_tenant(pool, "a").await.is_err());
    assert!(!pool.tenant_exists("a").await.unwrap());
}

async fn what_fails_has_no_hook_after_it<B: TestBackend>() {
    let (store, recorder) = recorded::<B>().await;
    B::drop_tenant(&store.pool, "nobody").await.unwrap_err();
    assert_eq!(recorder.take(), ["before: drop tenant \"nobody\""]);
}

async fn the_tenant_is_the_current_one_in_a_hook<B: TestBackend>() {
    let (store, recorder) = recorded::<B>().await;
    B::create(&store.pool, "a", items_only()).await.unwrap();
    B::rename(&store.pool, "a", "b").await.unwrap();
    B::drop_tenant(&store.pool, "b").await.unwrap();
    assert_eq!(recorder.take_current_tenants(), ["a", "a", "a", "b", "b", "b"]);
    assert_eq!(diesel_tenants::context::current_tenant(), None);
}
