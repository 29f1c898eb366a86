//! The tenant of the running request.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use diesel_tenants::{
    CheckoutError, TenantPool,
    context::{current_tenant, with_current_tenant, with_tenant, with_tenant_blocking, without_tenant},
};

use crate::{schema::items, store::Store};

async fn dearest(pool: &TenantPool) -> Result<String, CheckoutError> {
    let mut conn = pool.current().get().await?;
    let dearest = items::table.order(items::price.desc()).select(items::description);
    Ok(dearest.first(&mut conn).await.unwrap())
}

fn current() -> Option<String> {
    current_tenant().map(|tenant| tenant.to_string())
}

#[tokio::test]
async fn queries_inside_reach_the_current_tenant_and_scopes_nest() {
    let Store { pool, .. } = &Store::on_one_connection().await;
    with_tenant("client1", async {
        assert_eq!(dearest(pool).await.unwrap(), "client1 Tesla");
        with_tenant("client2", async {
            assert_eq!(dearest(pool).await.unwrap(), "client2 Tesla")
        })
        .await;
        without_tenant(async { assert_eq!(current(), None) }).await;
        assert_eq!(dearest(pool).await.unwrap(), "client1 Tesla");
    })
    .await;
    assert_eq!(current(), None);
}

#[tokio::test]
async fn without_a_current_tenant_it_is_an_error_and_never_the_shared_tables() {
    let Store { pool, database } = &Store::new().await;
    database.run("CREATE TABLE public.items (id int, description text, price int); INSERT INTO public.items VALUES (1, 'shared', 9)");
    let error = dearest(pool).await.unwrap_err();
    assert!(matches!(error, CheckoutError::NoCurrentTenant), "{error:?}");
    for (invalid, why) in [("", "empty"), ("pg_catalog", "reserved"), ("public", "shared schema")] {
        let error = with_tenant(invalid, dearest(pool)).await.unwrap_err();
        let CheckoutError::InvalidName(error) = error else {
            panic!("{error:?}")
        };
        assert!(error.to_string().contains(why), "{error}");
    }
    let error = with_tenant("client3", dearest(pool)).await.unwrap_err();
    assert!(matches!(error, CheckoutError::UnknownTenant { .. }), "{error:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn spawned_work_has_the_tenant_only_when_it_is_taken_along() {
    let store = Store::new().await;
    let pool = store.pool.clone();
    with_tenant("client1", async {
        assert_eq!(tokio::spawn(async { current() }).await.unwrap(), None);
        let taken = tokio::spawn(with_current_tenant(async move { dearest(&pool).await.unwrap() }));
        assert_eq!(taken.await.unwrap(), "client1 Tesla");
        let blocking = tokio::task::spawn_blocking(|| with_tenant_blocking("client2", current));
        assert_eq!(blocking.await.unwrap().as_deref(), Some("client2"));
    })
    .await;
    assert_eq!(
        tokio::spawn(with_current_tenant(async { current() })).await.unwrap(),
        None
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_that_run_side_by_side_keep_their_tenants_apart() {
    let store = Store::with(|builder| builder.max_size(3)).await;
    let requests: Vec<_> = (0..100)
        .map(|number| {
            let (pool, tenant) = (store.pool.clone(), if number % 2 == 0 { "client1" } else { "client2" });
            tokio::spawn(with_tenant(tenant, async move {
                for _ in 0..3 {
                    tokio::task::yield_now().await;
                    assert_eq!(dearest(&pool).await.unwrap(), format!("{tenant} Tesla"));
                }
            }))
        })
        .collect();
    for request in requests {
        request.await.unwrap();
    }
}
