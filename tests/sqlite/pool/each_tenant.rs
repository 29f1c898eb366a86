use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use diesel_tenants::{CheckoutError, fan_out::FanOutError};

use super::store::Store;
use crate::tables::items;

#[tokio::test]
async fn the_same_work_is_done_for_every_active_tenant() {
    let store = Store::new().await;
    let prices = async |only: Option<[&str; 2]>| {
        let each = store.pool.each_tenant().concurrency(2);
        let each = match only {
            Some(tenants) => each.only(tenants),
            None => each,
        };
        let work = |mut conn| async move { items::table.select(items::price).load::<i32>(&mut conn).await };
        each.run(work).await.unwrap()
    };
    let all = prices(None).await.all().unwrap();
    let all: Vec<_> = all
        .iter()
        .map(|(tenant, prices)| (tenant.as_str(), &prices[..]))
        .collect();
    assert_eq!(all, [("client1", &[5000][..]), ("client2", &[1000][..])]);
    store.pool.suspend_tenant("client1").await.unwrap();
    assert_eq!(prices(None).await.tenants.len(), 1);
    let some = prices(Some(["client1", "client2"])).await;
    assert_eq!(some.successes().count(), 1);
    let (tenant, error) = some.failures().next().unwrap();
    assert_eq!(tenant.as_str(), "client1");
    assert!(matches!(
        error,
        FanOutError::Checkout(CheckoutError::SuspendedTenant { .. })
    ));
}
