//! Work for all tenants.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use diesel_tenants::{CheckoutError, TenantPool, fan_out::FanOutError};
use diesel_tenants_test_support::{Database, Server, chain};

use crate::migrations::items_only;

diesel::table! {
    items (id) { id -> Integer, price -> Integer }
}

async fn ten() -> (TenantPool, Database) {
    let database = Server::shared().database();
    let pool = TenantPool::builder(database.url()).max_size(4).build().await.unwrap();
    for tenant in 0..10 {
        let name = format!("t{tenant}");
        pool.create_tenant(name.as_str(), items_only()).await.unwrap();
        database.run(&format!("INSERT INTO {name}.items (id, price) VALUES (1, {tenant})"));
    }
    (pool, database)
}

#[tokio::test]
async fn a_query_for_all_tenants_gives_each_its_own_rows() {
    let (pool, _database) = ten().await;
    let prices = pool
        .each_tenant()
        .run(|mut conn| async move { items::table.select(items::price).load::<i32>(&mut conn).await })
        .await
        .unwrap()
        .all()
        .unwrap();
    assert_eq!(prices.len(), 10);
    for (index, (tenant, prices)) in prices.into_iter().enumerate() {
        assert_eq!(
            (tenant.as_str(), prices),
            (format!("t{index}").as_str(), vec![index as i32])
        );
    }
}

#[tokio::test]
async fn a_failure_for_one_tenant_keeps_no_other_from_its_turn() {
    let (_, database) = ten().await;
    database.run("DROP TABLE t3.items; COMMENT ON TABLE t5.__diesel_schema_migrations IS 'diesel-tenants: suspended'");
    // What the first pool remembers of its tenants is for a minute.
    let pool = TenantPool::builder(database.url()).build().await.unwrap();
    let counted = pool
        .each_tenant()
        .only(["t1", "t3", "t5", "nobody", "t2"])
        .run(|mut conn| async move { items::table.count().get_result::<i64>(&mut conn).await })
        .await
        .unwrap();
    let good: Vec<&str> = counted.successes().map(|(tenant, _)| tenant.as_str()).collect();
    assert_eq!(good, ["t1", "t2"]);
    let failures: Vec<(&str, bool)> = counted
        .failures()
        .map(|(tenant, error)| (tenant.as_str(), matches!(error, FanOutError::Checkout(_))))
        .collect();
    assert_eq!(failures, [("t3", false), ("t5", true), ("nobody", true)]);
    assert_eq!(
        chain(&counted.all().unwrap_err()),
        "the work for tenant \"t3\" failed: relation \"t3.items\" does not exist"
    );
}

#[tokio::test]
async fn only_so_many_are_at_work_at_a_time() {
    let (pool, _database) = ten().await;
    let (at_work, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let work = |mut conn| {
        let (at_work, most) = (&at_work, &most);
        async move {
            most.fetch_max(at_work.fetch_add(1, SeqCst) + 1, SeqCst);
            diesel::sql_query("SELECT pg_sleep(0.02)").execute(&mut conn).await?;
            at_work.fetch_sub(1, SeqCst);
            QueryResult::Ok(())
        }
    };
    pool.each_tenant()
        .concurrency(3)
        .run(work)
        .await
        .unwrap()
        .all()
        .unwrap();
    assert_eq!(AtomicUsize::load(&most, SeqCst), 3);
}

#[tokio::test]
async fn a_name_that_no_tenant_can_have_is_refused_before_anything_is_done() {
    let (pool, _database) = ten().await;
    let done = AtomicUsize::new(0);
    let result = pool
        .each_tenant()
        .only(["t1", "public"])
        .run(|_conn| async {
            done.fetch_add(1, SeqCst);
            QueryResult::Ok(())
        })
        .await;
    assert!(matches!(result, Err(CheckoutError::InvalidName(_))));
    assert_eq!(AtomicUsize::load(&done, SeqCst), 0);
}

#[tokio::test]
async fn it_can_be_spawned() {
    let (pool, _database) = ten().await;
    let task = tokio::spawn(async move {
        let work = |mut conn| async move { items::table.count().get_result::<i64>(&mut conn).await };
        pool.each_tenant().run(work).await.unwrap().all().unwrap().len()
    });
    assert_eq!(task.await.unwrap(), 10);
}
