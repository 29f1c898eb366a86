//! All of a pool's work in one transaction, which is rolled back at the end.

use std::time::Duration;

use diesel::{
    prelude::*,
    result::{DatabaseErrorKind, Error},
};
use diesel_async::{AsyncConnection, RunQueryDsl, SimpleAsyncConnection, TransactionManager};
use diesel_tenants::{
    Checkout, CheckoutError, RefusedStatement, TenantConnection, TenantPool, migrations::NoMigrations,
    testing::TestTenants,
};
use diesel_tenants_test_support::chain;

use crate::store::{Store, items, users};

type Manager = <Checkout as AsyncConnection>::TransactionManager;

/// A store, and a pool whose work is rolled back.
async fn store() -> (Store, TenantPool) {
    let store = Store::new().await;
    let pool = builder(&store).build().await.unwrap();
    (store, pool)
}

fn builder(store: &Store) -> diesel_tenants::TenantPoolBuilder {
    let patience = Duration::from_secs(60);
    let builder = TenantPool::builder(store.database.url()).test_transaction();
    builder.wait_timeout(patience).connect_timeout(patience)
}

async fn add(conn: &mut TenantConnection, id: i64) -> QueryResult<usize> {
    let values = (items::id.eq(id), items::description.eq("new"), items::price.eq(1));
    diesel::insert_into(items::table).values(values).execute(conn).await
}

async fn checkout(pool: &TenantPool, tenant: &str) -> Checkout {
    pool.for_tenant(tenant).get().await.unwrap()
}

async fn count(pool: &TenantPool, tenant: &str) -> i64 {
    let mut conn = checkout(pool, tenant).await;
    items::table.count().get_result(&mut conn).await.unwrap()
}

/// Each tenant of the store has this many items.
const ITEMS: i64 = 20;

/// Waits until a transaction that has added this item has ended, and checks that nothing is left of it.
async fn assert_rolled_back(store: &Store, tenant: &str, id: i64) {
    let mut conn = checkout(&store.pool, tenant).await;
    // It would wait for the other transaction, and fail if that was committed.
    assert_eq!(add(&mut conn, id).await, Ok(1));
    assert_eq!(items::table.count().get_result::<i64>(&mut conn).await, Ok(ITEMS + 1));
}

#[tokio::test]
async fn what_many_checkouts_do_is_seen_by_the_next_ones_and_rolled_back_at_the_end() {
    let (store, pool) = store().await;
    for tenant in ["tenant_a", "tenant_b"] {
        assert_eq!(add(&mut *checkout(&pool, tenant).await, 100).await, Ok(1));
        assert_eq!(add(&mut *checkout(&pool, tenant).await, 101).await, Ok(1));
        assert_eq!(count(&pool, tenant).await, ITEMS + 2);
    }
    let mut shared = pool.shared().get().await.unwrap();
    let renamed = diesel::update(users::table).set(users::name.eq("new"));
    assert_eq!(renamed.execute(&mut shared).await, Ok(2));
    drop(shared);
    assert_eq!(count(&store.pool, "tenant_a").await, ITEMS);

    drop(pool);
    for tenant in ["tenant_a", "tenant_b"] {
        assert_rolled_back(&store, tenant, 100).await;
    }
    let mut shared = store.pool.shared().get().await.unwrap();
    let new = users::table.filter(users::name.eq("new")).count();
    assert_eq!(new.get_result::<i64>(&mut shared).await, Ok(0));
}

#[tokio::test]
async fn a_test_that_panics_leaves_the_database_as_it_was() {
    let (store, pool) = store().await;
    let test = tokio::spawn(async move {
        let mut conn = checkout(&pool, "tenant_a").await;
        add(&mut conn, 100).await.unwrap();
        Manager::begin_transaction(&mut conn).await.unwrap();
        add(&mut conn, 101).await.unwrap();
        panic!("an assertion that failed");
    });
    let ended: Result<(), _> = test.await;
    assert!(ended.unwrap_err().is_panic());
    assert_rolled_back(&store, "tenant_a", 100).await;
}

#[tokio::test]
async fn a_statement_that_fails_is_undone_alone() {
    let (store, pool) = store().await;
    // The second time around, the statements are prepared.
    for id in [100, 200, 300] {
        let mut conn = checkout(&pool, "tenant_a").await;
        add(&mut conn, id).await.unwrap();
        let error = add(&mut conn, id).await.unwrap_err();
        assert!(
            matches!(error, Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _)),
            "{error}"
        );
        assert_eq!(add(&mut conn, id + 1).await, Ok(1));
        assert!(conn.batch_execute("DELETE FROM items; SELECT 1 / 0").await.is_err());
    }
    // The failure is the last that a checkout does.
    assert_eq!(count(&pool, "tenant_a").await, ITEMS + 6);
    drop(pool);
    assert_rolled_back(&store, "tenant_a", 100).await;
}

#[tokio::test]
async fn transactions_of_the_code_under_test_are_committed_and_rolled_back_within_it() {
    let (store, pool) = store().await;
    let mut conn = checkout(&pool, "tenant_a").await;
    add(&mut conn, 100).await.unwrap();
    let undone = conn.transaction::<(), Error, _>(async |conn| {
        add(conn, 101).await?;
        conn.transaction::<_, Error, _>(async |conn| add(conn, 102).await)
            .await?;
        Err(Error::RollbackTransaction)
    });
    assert_eq!(undone.await, Err(Error::RollbackTransaction));
    assert_eq!(items::table.count().get_result::<i64>(&mut conn).await, Ok(ITEMS + 1));

    let done = conn.transaction::<_, Error, _>(async |conn| {
        add(conn, 101).await?;
        let inner = conn.transaction::<_, Error, _>(async |conn| add(conn, 101).await).await;
        assert!(inner.is_err());
        add(conn, 102).await
    });
    assert_eq!(done.await, Ok(1));
    // It fails, and nobody looks: the commit says so, and nothing of it is left.
    let failed = conn.transaction::<_, Error, _>(async |conn| {
        add(conn, 103).await?;
        Ok(add(conn, 103).await.is_err())
    });
    assert!(failed.await.is_err());
    drop(conn);
    assert_eq!(count(&pool, "tenant_a").await, ITEMS + 3);
    drop(pool);
    assert_rolled_back(&store, "tenant_a", 100).await;
}

#[tokio::test]
async fn a_transaction_may_ask_for_an_isolation_level_and_can_be_read_only() {
    let (store, pool) = store().await;
    let mut conn = checkout(&pool, "tenant_a").await;
    let mut serializable = conn.build_transaction().serializable();
    assert_eq!(serializable.run(async |conn| add(conn, 100).await).await, Ok(1));
    let mut read_only = conn.build_transaction().read_only();
    let refused = read_only.run(async |conn| add(conn, 101).await).await.unwrap_err();
    assert!(
        matches!(refused, Error::DatabaseError(DatabaseErrorKind::ReadOnlyTransaction, _)),
        "{refused}"
    );
    assert_eq!(add(&mut conn, 101).await, Ok(1));
    let mut read_only = conn.build_transaction().read_only();
    let read = read_only.run(async |conn| items::table.count().get_result::<i64>(conn).await);
    assert_eq!(read.await, Ok(ITEMS + 2));
    assert_eq!(add(&mut conn, 102).await, Ok(1));
    drop((conn, pool));
    assert_rolled_back(&store, "tenant_a", 100).await;
}

#[tokio::test]
async fn a_transaction_that_a_checkout_left_open_is_rolled_back_before_the_next_one() {
    let (store, pool) = store().await;
    add(&mut *checkout(&pool, "tenant_a").await, 100).await.unwrap();
    for _ in 0..2 {
        let mut conn = checkout(&pool, "tenant_a").await;
        for id in [101, 102] {
            Manager::begin_transaction(&mut conn).await.unwrap();
            add(&mut conn, id).await.unwrap();
        }
        drop(conn);
        assert_eq!(count(&pool, "tenant_a").await, ITEMS + 1);
    }
    drop(pool);
    assert_rolled_back(&store, "tenant_a", 100).await;
}

#[tokio::test]
async fn whoever_has_begun_no_transaction_can_end_none() {
    let (store, pool) = store().await;
    let mut conn = checkout(&pool, "tenant_a").await;
    add(&mut conn, 100).await.unwrap();
    assert!(matches!(
        Manager::commit_transaction(&mut conn).await,
        Err(Error::NotInTransaction)
    ));
    assert!(matches!(
        Manager::rollback_transaction(&mut conn).await,
        Err(Error::NotInTransaction)
    ));
    let texts = [
        "COMMIT",
        "SELECT 1; commit",
        "/* so */ END",
        "ROLLBACK",
        "BEGIN",
        "PREPARE TRANSACTION 'a'",
    ];
    for sql in texts {
        let batch = conn.batch_execute(sql).await.unwrap_err();
        let query = diesel::sql_query(sql).execute(&mut conn).await.unwrap_err();
        for error in [batch, query] {
            let Error::QueryBuilderError(error) = error else {
                panic!("{sql}: {error}")
            };
            let refused = error.downcast_ref::<RefusedStatement>();
            assert!(
                matches!(refused, Some(RefusedStatement::EndsTest { .. })),
                "{sql}: {error}"
            );
        }
    }
    assert_eq!(items::table.count().get_result::<i64>(&mut conn).await, Ok(ITEMS + 1));
    drop((conn, pool));
    assert_rolled_back(&store, "tenant_a", 100).await;
}

#[tokio::test]
async fn checkouts_of_many_tasks_take_turns() {
    let (store, pool) = store().await;
    let tasks = (100..120).map(|id| {
        let pool = pool.clone();
        tokio::spawn(async move { add(&mut *checkout(&pool, "tenant_a").await, id).await })
    });
    for task in tasks.collect::<Vec<_>>() {
        assert_eq!(task.await.unwrap(), Ok(1));
    }
    assert_eq!(count(&pool, "tenant_a").await, ITEMS + 20);
    drop(pool);
    assert_rolled_back(&store, "tenant_a", 100).await;
}

#[tokio::test]
async fn code_that_needs_two_checkouts_at_once_gets_an_error_that_says_so() {
    let store = Store::new().await;
    let pool = builder(&store)
        .wait_timeout(Duration::from_millis(100))
        .build()
        .await
        .unwrap();
    let first = checkout(&pool, "tenant_a").await;
    let error = pool.for_tenant("tenant_b").get().await.unwrap_err();
    assert!(matches!(error, CheckoutError::TestTransactionInUse { .. }), "{error}");
    let said = error.to_string();
    assert!(
        said.contains("tenant_b") && said.contains("drop the first one"),
        "{said}"
    );
    // Nothing is lost by it.
    drop(first);
    assert_eq!(count(&pool, "tenant_b").await, ITEMS);
}

#[tokio::test]
async fn a_test_whose_connection_had_to_be_closed_is_over() {
    let (store, pool) = store().await;
    let mut conn = checkout(&pool, "tenant_a").await;
    add(&mut conn, 100).await.unwrap();
    conn.batch_execute("SET lock_timeout = 1000").await.unwrap();
    drop(conn);
    for _ in 0..2 {
        let error = pool.for_tenant("tenant_a").get().await.unwrap_err();
        let said = chain(&error);
        assert!(said.contains("is over") && said.contains("left_state"), "{said}");
    }
    assert_rolled_back(&store, "tenant_a", 100).await;
}

#[tokio::test]
async fn queries_side_by_side_lose_nothing_that_was_reported_as_done() {
    let (store, pool) = store().await;
    let mut conn = checkout(&pool, "tenant_a").await;
    add(&mut conn, 100).await.unwrap();
    add(&mut conn, 100).await.unwrap_err();
    // What has failed before is undone ahead of the first one only.
    let side_by_side = async |ids: [i64; 2]| {
        let insert = |id: i64| {
            let values = (items::id.eq(id), items::description.eq("new"), items::price.eq(1));
            diesel::insert_into(items::table).values(values).execute(&mut &*conn)
        };
        let [first, second] = ids;
        let (first, second) = tokio::join!(insert(first), insert(second));
        (first.is_ok(), second.is_ok())
    };
    assert_eq!(side_by_side([101, 102]).await, (true, true));
    // The second is behind the first, and fails with it. Nothing is left of either.
    assert_eq!(side_by_side([101, 103]).await, (false, false));
    assert_eq!(side_by_side([104, 101]).await, (true, false));
    assert_eq!(add(&mut conn, 105).await, Ok(1));
    let new = items::table
        .filter(items::id.ge(100))
        .select(items::id)
        .order(items::id);
    assert_eq!(new.load::<i64>(&mut conn).await.unwrap(), [100, 101, 102, 104, 105]);
    drop((conn, pool));
    assert_rolled_back(&store, "tenant_a", 100).await;
}

#[cfg(feature = "blocking")]
#[tokio::test]
async fn a_pool_without_async_refuses_to_be_built_with_it() {
    use diesel_tenants::blocking::{self, BuildError, PostgresConnection};

    let store = Store::new().await;
    let url = store.database.url().to_owned();
    let built = tokio::task::spawn_blocking(move || {
        blocking::TenantPool::<PostgresConnection>::builder(url)
            .options(|options| options.test_transaction())
            .build()
            .map(drop)
    });
    assert!(matches!(built.await.unwrap(), Err(BuildError::TestTransaction)));
}

#[tokio::test]
async fn what_would_stay_outside_of_the_transaction_is_refused() {
    let (store, pool) = store().await;
    let create = pool.create_tenant("tenant_x", NoMigrations).await.map(drop);
    let migrate = pool.migrate_tenant("tenant_a", NoMigrations).await.map(drop);
    let shared = pool.migrate_shared(NoMigrations).await.map(drop);
    let dropped = pool.drop_tenant("tenant_a").await.map(drop);
    let tenants = TestTenants::make::<_, 4>(&pool, NoMigrations).await.map(drop);
    let mut answers = pool.run_script("DELETE FROM items").start().await.unwrap();
    while let Some((_, answer)) = answers.next().await {
        let said = chain(&answer.unwrap_err());
        assert!(said.contains("run and stay outside of it"), "{said}");
    }
    drop(answers);
    for said in [
        chain(&create.unwrap_err()),
        chain(&migrate.unwrap_err()),
        chain(&shared.unwrap_err()),
        chain(&dropped.unwrap_err()),
        chain(&tenants.unwrap_err()),
    ] {
        assert!(said.contains("run and stay outside of it"), "{said}");
    }
    assert!(store.pool.for_tenant("tenant_x").get().await.is_err());
    assert_eq!(count(&pool, "tenant_a").await, ITEMS);
}
