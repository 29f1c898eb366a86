//! The tenant of the running request.

use diesel_tenants::{
    CheckoutError, TenantPool,
    context::{current_tenant, with_current_tenant, with_tenant, with_tenant_blocking, without_tenant},
};

use super::{
    on_each,
    store::Store,
    test_backend::{Options, TestBackend},
};

on_each!(
    queries_inside_reach_the_current_tenant_and_scopes_nest,
    without_a_current_tenant_it_is_an_error_and_never_the_shared_tables,
    spawned_work_has_the_tenant_only_when_it_is_taken_along,
    requests_that_run_side_by_side_keep_their_tenants_apart,
);

/// The dearest item of the current tenant.
async fn dearest<B: TestBackend>(pool: &TenantPool<B>) -> Result<i32, CheckoutError> {
    let mut conn = pool.current().get().await?;
    Ok(B::prices(&mut conn).await.unwrap().into_iter().max().unwrap())
}

fn current() -> Option<String> {
    current_tenant().map(|tenant| tenant.to_string())
}

fn on_one_connection() -> Options {
    Options {
        max_size: Some(1),
        ..Options::default()
    }
}

async fn queries_inside_reach_the_current_tenant_and_scopes_nest<B: TestBackend>() {
    let Store { pool, .. } = &Store::<B>::with(on_one_connection()).await;
    with_tenant("client1", async {
        assert_eq!(dearest(pool).await.unwrap(), 5000);
        with_tenant("client2", async { assert_eq!(dearest(pool).await.unwrap(), 1000) }).await;
        without_tenant(async { assert_eq!(current(), None) }).await;
        assert_eq!(dearest(pool).await.unwrap(), 5000);
    })
    .await;
    assert_eq!(current(), None);
}

async fn without_a_current_tenant_it_is_an_error_and_never_the_shared_tables<B: TestBackend>() {
    let store = Store::<B>::new().await;
    let pool = &store.pool;
    let mut conn = pool.shared().get().await.unwrap();
    let shared = "CREATE TABLE public.items (id INTEGER, description TEXT, price INTEGER); \
                  INSERT INTO public.items VALUES (1, 'shared', 9)";
    B::run(&mut conn, shared).await.unwrap();
    drop(conn);
    let error = dearest(pool).await.unwrap_err();
    assert!(matches!(error, CheckoutError::NoCurrentTenant), "{error:?}");
    for invalid in ["", "public"].iter().chain(B::RESERVED) {
        let error = with_tenant(*invalid, dearest(pool)).await.unwrap_err();
        assert!(matches!(error, CheckoutError::InvalidName(_)), "{invalid}: {error:?}");
    }
    let error = with_tenant("client3", dearest(pool)).await.unwrap_err();
    assert!(matches!(error, CheckoutError::UnknownTenant { .. }), "{error:?}");
}

async fn spawned_work_has_the_tenant_only_when_it_is_taken_along<B: TestBackend>() {
    let store = Store::<B>::new().await;
    let pool = store.pool.clone();
    with_tenant("client1", async {
        assert_eq!(tokio::spawn(async { current() }).await.unwrap(), None);
        let taken = tokio::spawn(with_current_tenant(async move { dearest(&pool).await.unwrap() }));
        assert_eq!(taken.await.unwrap(), 5000);
        let blocking = tokio::task::spawn_blocking(|| with_tenant_blocking("client2", current));
        assert_eq!(blocking.await.unwrap().as_deref(), Some("client2"));
    })
    .await;
    let outside = tokio::spawn(with_current_tenant(async { current() }));
    assert_eq!(outside.await.unwrap(), None);
}

async fn requests_that_run_side_by_side_keep_their_tenants_apart<B: TestBackend>() {
    let options = Options {
        max_size: Some(3),
        ..Options::default()
    };
    let store = Store::<B>::with(options).await;
    let requests: Vec<_> = (0..100)
        .map(|number| {
            let (pool, tenant, price) = match number % 2 {
                0 => (store.pool.clone(), "client1", 5000),
                _ => (store.pool.clone(), "client2", 1000),
            };
            tokio::spawn(with_tenant(tenant, async move {
                for _ in 0..3 {
                    tokio::task::yield_now().await;
                    assert_eq!(dearest(&pool).await.unwrap(), price);
                }
            }))
        })
        .collect();
    for request in requests {
        request.await.unwrap();
    }
}
