//! Work for all tenants.

use std::{
    sync::atomic::{AtomicUsize, Ordering::SeqCst},
    time::Duration,
};

use diesel::QueryResult;
use diesel_tenants::{Checkout, CheckoutError, fan_out::FanOutError};
use diesel_tenants_test_support::chain;

use super::{
    on_each,
    store::Store,
    test_backend::{Options, TestBackend},
};

on_each!(
    a_query_for_all_tenants_gives_each_its_own_rows,
    a_failure_for_one_tenant_keeps_no_other_from_its_turn,
    only_so_many_are_at_work_at_a_time,
    a_name_that_no_tenant_can_have_is_refused_before_anything_is_done,
    it_can_be_spawned,
    the_tenant_is_the_current_one,
);

async fn ten<B: TestBackend>() -> Store<B> {
    let options = Options {
        max_size: Some(4),
        ..Options::default()
    };
    let store = Store::empty(options).await;
    for tenant in 0..10 {
        store.add(&format!("t{tenant}"), &[tenant]).await;
    }
    store
}

async fn a_query_for_all_tenants_gives_each_its_own_rows<B: TestBackend>() {
    let store = ten::<B>().await;
    let prices = store
        .pool
        .each_tenant()
        .run(|mut conn: Checkout<B>| async move { B::prices(&mut conn).await });
    let prices = prices.await.unwrap().all().unwrap();
    assert_eq!(prices.len(), 10);
    for (index, (tenant, prices)) in prices.into_iter().enumerate() {
        assert_eq!((tenant.to_string(), prices), (format!("t{index}"), vec![index as i32]));
    }
}

async fn a_failure_for_one_tenant_keeps_no_other_from_its_turn<B: TestBackend>() {
    let store = ten::<B>().await;
    store.run("t3", "DROP TABLE items").await.unwrap();
    B::suspend(&store.pool, "t5").await.unwrap();
    let counted = store
        .pool
        .each_tenant()
        .only(["t1", "t3", "t5", "nobody", "t2"])
        .run(|mut conn: Checkout<B>| async move { B::prices(&mut conn).await })
        .await
        .unwrap();
    let good: Vec<&str> = counted.successes().map(|(tenant, _)| tenant.as_str()).collect();
    assert_eq!(good, ["t1", "t2"]);
    let failures: Vec<(&str, bool)> = counted
        .failures()
        .map(|(tenant, error)| (tenant.as_str(), matches!(error, FanOutError::Checkout(_))))
        .collect();
    assert_eq!(failures, [("t3", false), ("t5", true), ("nobody", true)]);
    let error = chain(&counted.all().unwrap_err());
    assert!(error.starts_with("the work for tenant \"t3\" failed: "), "{error}");
    assert!(error.contains(B::NO_TABLE) && error.contains("t3.items"), "{error}");
    // Without a choice, a suspended tenant is left out.
    let all = store
        .pool
        .each_tenant()
        .run(|_: Checkout<B>| async { QueryResult::Ok(()) });
    assert_eq!(all.await.unwrap().tenants.len(), 9);
}

async fn only_so_many_are_at_work_at_a_time<B: TestBackend>() {
    let store = ten::<B>().await;
    let (at_work, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let work = |conn: Checkout<B>| {
        let (at_work, most) = (&at_work, &most);
        async move {
            most.fetch_max(at_work.fetch_add(1, SeqCst) + 1, SeqCst);
            tokio::time::sleep(Duration::from_millis(20)).await;
            at_work.fetch_sub(1, SeqCst);
            drop(conn);
            QueryResult::Ok(())
        }
    };
    let done = store.pool.each_tenant().concurrency(3).run(work).await;
    done.unwrap().all().unwrap();
    assert_eq!(AtomicUsize::load(&most, SeqCst), 3);
}

async fn a_name_that_no_tenant_can_have_is_refused_before_anything_is_done<B: TestBackend>() {
    let store = ten::<B>().await;
    let done = AtomicUsize::new(0);
    let work = |_: Checkout<B>| async {
        done.fetch_add(1, SeqCst);
        QueryResult::Ok(())
    };
    let result = store.pool.each_tenant().only(["t1", "public"]).run(work).await;
    assert!(matches!(result, Err(CheckoutError::InvalidName(_))));
    assert_eq!(AtomicUsize::load(&done, SeqCst), 0);
}

async fn it_can_be_spawned<B: TestBackend>() {
    let store = ten::<B>().await;
    let pool = store.pool.clone();
    let task = tokio::spawn(async move {
        let work = |mut conn: Checkout<B>| async move { B::prices(&mut conn).await };
        pool.each_tenant().run(work).await.unwrap().all().unwrap().len()
    });
    assert_eq!(task.await.unwrap(), 10);
}

async fn the_tenant_is_the_current_one<B: TestBackend>() {
    let store = ten::<B>().await;
    let current = store.pool.each_tenant().run(|conn: Checkout<B>| {
        let pool = store.pool.clone();
        async move {
            // The pool is small, and others are at work.
            drop(conn);
            let mut conn = pool.current().get().await.unwrap();
            B::prices(&mut conn).await
        }
    });
    let prices = current.await.unwrap().all().unwrap();
    assert!(
        prices
            .into_iter()
            .zip(0..)
            .all(|((_, prices), number)| prices == [number])
    );
}
