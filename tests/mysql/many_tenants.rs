//! What is written once for all kinds of database: the current tenant, and work for many tenants.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use diesel_tenants::{Checkout, CheckoutError, Mysql, context::without_tenant, with_tenant};

use crate::{
    store::{Store, set_status},
    tables::items,
};

async fn price(store: &Store) -> Result<i32, CheckoutError> {
    let mut conn = store.pool.current().get().await?;
    Ok(items::table.select(items::price).first(&mut conn).await.unwrap())
}

#[tokio::test]
async fn queries_reach_the_current_tenant_and_without_one_it_is_an_error() {
    let store = Store::with(|builder| builder.max_size(1)).await;
    with_tenant(&*store.first, async {
        assert_eq!(price(&store).await.unwrap(), 5000);
        with_tenant(&*store.second, async { assert_eq!(price(&store).await.unwrap(), 1000) }).await;
        assert!(without_tenant(price(&store)).await.is_err());
        assert_eq!(price(&store).await.unwrap(), 5000);
    })
    .await;
    let error = price(&store).await.unwrap_err();
    assert!(matches!(error, CheckoutError::NoCurrentTenant), "{error}");
}

#[tokio::test]
async fn the_same_work_for_many_tenants_gives_each_its_own_rows() {
    let store = Store::with(|builder| builder.max_size(2)).await;
    let suspended = format!("{}s", store.first);
    set_status(&suspended, "suspended").await;
    let prices = store
        .pool
        .each_tenant()
        .only([&*store.first, &*store.second, &*suspended])
        .run(async |mut conn: Checkout<Mysql>| items::table.select(items::price).load::<i32>(&mut conn).await)
        .await
        .unwrap();
    let found: Vec<_> = prices
        .successes()
        .map(|(tenant, prices)| (tenant.to_string(), prices.clone()))
        .collect();
    assert_eq!(
        found,
        [(store.first.clone(), vec![5000]), (store.second.clone(), vec![1000])]
    );
    assert_eq!(prices.failures().count(), 1);
}
