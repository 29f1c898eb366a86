//! What diesel-async's own connection offers, offered by this one.

use std::sync::{Arc, Mutex};

use diesel::{
    connection::{Instrumentation, InstrumentationEvent},
    prelude::*,
    result::Error,
};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use diesel_tenants::{PostgresConnection, SchemaTranslateMap, TenantConnection};
use futures_util::StreamExt;

use crate::{schema::items, store::Store};

fn tesla() -> diesel::dsl::Select<diesel::dsl::Find<items::table, i32>, items::price> {
    items::table.find(1).select(items::price)
}

#[tokio::test]
async fn it_wraps_any_connection_without_a_pool() {
    let store = Store::new().await;
    let connection = AsyncPgConnection::establish(store.database.url()).await.unwrap();
    let mut conn = TenantConnection::new(connection, SchemaTranslateMap::tenant("client2".parse().unwrap()));
    assert_eq!(tesla().get_result::<i32>(&mut conn).await, Ok(1000));
    let mut nested = TenantConnection::new(
        conn,
        SchemaTranslateMap::new().with("client2", "client1".parse().unwrap()),
    );
    nested.batch_execute_everywhere().await;
    let mut plain = nested.into_inner().into_inner();
    assert!(
        tesla().get_result::<i32>(&mut plain).await.is_err(),
        "the connection below translates nothing"
    );
}

trait BatchExecuteEverywhere {
    async fn batch_execute_everywhere(&mut self);
}

impl<C: diesel_async::SimpleAsyncConnection> BatchExecuteEverywhere for C {
    async fn batch_execute_everywhere(&mut self) {
        self.batch_execute("SELECT 1").await.unwrap();
    }
}

#[tokio::test]
async fn transactions_commit_roll_back_and_nest() {
    let store = Store::new().await;
    let mut conn = store.pool.for_tenant("client1").get().await.unwrap();
    let set = |price: i32| diesel::update(items::table.find(1)).set(items::price.eq(price));
    conn.transaction::<_, Error, _>(async |conn| {
        set(1).execute(conn).await?;
        let inner = conn
            .transaction::<(), Error, _>(async |conn| {
                set(2).execute(conn).await?;
                conn.transaction::<(), Error, _>(async |conn| set(3).execute(conn).await.map(drop))
                    .await?;
                assert_eq!(tesla().get_result::<i32>(conn).await, Ok(3));
                Err(Error::RollbackTransaction)
            })
            .await;
        assert_eq!(inner, Err(Error::RollbackTransaction));
        assert_eq!(tesla().get_result::<i32>(conn).await, Ok(1));
        Ok(())
    })
    .await
    .unwrap();
    assert_eq!(store.value("SELECT price FROM client1.items WHERE id = 1"), "1");
    assert_eq!(store.value("SELECT price FROM client2.items WHERE id = 1"), "1000");

    let failed = conn.transaction::<(), Error, _>(async |conn| {
        set(7).execute(conn).await?;
        diesel::sql_query("SELECT 1/0").execute(conn).await.map(drop)
    });
    assert!(failed.await.is_err());
    assert_eq!(
        tesla().get_result::<i32>(&mut conn).await,
        Ok(1),
        "the connection is usable after a failure"
    );
}

#[tokio::test]
async fn test_transactions_are_never_committed() {
    let store = Store::on_one_connection().await;
    let mut conn = store.pool.for_tenant("client1").get().await.unwrap();
    conn.test_transaction::<_, Error, _>(async |conn| {
        diesel::update(items::table.find(1))
            .set(items::price.eq(7))
            .execute(conn)
            .await
    })
    .await;
    assert_eq!(tesla().get_result::<i32>(&mut conn).await, Ok(5000));
    conn.begin_test_transaction().await.unwrap();
    diesel::update(items::table.find(1))
        .set(items::price.eq(7))
        .execute(&mut conn)
        .await
        .unwrap();
    assert_eq!(store.value("SELECT price FROM client1.items WHERE id = 1"), "5000");
}

#[tokio::test]
async fn transactions_with_an_isolation_level_go_to_the_tenant_too() {
    let store = Store::new().await;
    let mut conn = store.pool.for_tenant("client2").get().await.unwrap();
    let level = conn
        .build_transaction()
        .serializable()
        .read_only()
        .deferrable()
        .run(async |conn| {
            assert_eq!(tesla().get_result::<i32>(conn).await, Ok(1000));
            let level = diesel::dsl::sql::<diesel::sql_types::Text>("current_setting('transaction_isolation')");
            diesel::select(level).get_result::<String>(conn).await
        })
        .await;
    assert_eq!(level, Ok("serializable".to_owned()));
    let written = conn
        .build_transaction()
        .read_only()
        .run(async |conn| diesel::update(items::table).set(items::price.eq(0)).execute(conn).await)
        .await;
    assert!(written.is_err());
    assert_eq!(tesla().get_result::<i32>(&mut conn).await, Ok(1000));
}

#[tokio::test]
async fn a_transaction_can_be_tried_again_with_the_same_settings() {
    let store = Store::new().await;
    let mut conn = store.pool.for_tenant("client1").get().await.unwrap();
    let mut transaction = conn.build_transaction().serializable();
    for attempt in 0..2 {
        let result = transaction
            .run(async |conn| {
                diesel::update(items::table.find(1))
                    .set(items::price.eq(attempt))
                    .execute(conn)
                    .await?;
                if attempt == 0 {
                    Err(Error::RollbackTransaction)
                } else {
                    Ok(())
                }
            })
            .await;
        assert_eq!(result.is_ok(), attempt == 1);
    }
    assert_eq!(store.value("SELECT price FROM client1.items WHERE id = 1"), "1");
}

#[tokio::test]
async fn other_pools_can_hold_it_with_a_map_for_all() {
    use diesel_async::pooled_connection::{AsyncDieselConnectionManager, ManagerConfig, deadpool::Pool};
    let store = Store::new().await;
    let mut config = ManagerConfig::default();
    config.custom_setup = Box::new(|url| {
        Box::pin(async move {
            let connection = PostgresConnection::establish(url).await?;
            Ok(TenantConnection::new(
                connection,
                SchemaTranslateMap::tenant("client2".parse().unwrap()),
            ))
        })
    });
    let manager = AsyncDieselConnectionManager::<TenantConnection>::new_with_config(store.database.url(), config);
    let pool = Pool::builder(manager).max_size(1).build().unwrap();
    for _ in 0..2 {
        assert_eq!(
            tesla().get_result::<i32>(&mut pool.get().await.unwrap()).await,
            Ok(1000)
        );
    }
}

#[tokio::test]
async fn a_transaction_can_be_spawned() {
    let store = Store::new().await;
    let pool = store.pool.clone();
    let spawned = tokio::spawn(async move {
        let mut conn = pool.for_tenant("client1").get().await.unwrap();
        conn.build_transaction()
            .read_only()
            .run(async |conn| tesla().get_result::<i32>(conn).await)
            .await
            .unwrap();
        conn.transaction(async |conn| tesla().get_result::<i32>(conn).await)
            .await
    });
    assert_eq!(spawned.await.unwrap(), Ok(5000));
}

#[tokio::test]
async fn instrumentation_sees_the_translated_sql_with_its_binds() {
    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<String>>>);

    impl Instrumentation for Log {
        fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
            match event {
                InstrumentationEvent::StartQuery { query, .. } => self.0.lock().unwrap().push(query.to_string()),
                InstrumentationEvent::BeginTransaction { .. } => self.0.lock().unwrap().push("BEGIN".to_owned()),
                _ => {}
            }
        }
    }

    let store = Store::new().await;
    let log = Log::default();
    let mut conn = store.pool.for_tenant("client1").get().await.unwrap();
    conn.set_instrumentation(log.clone());
    conn.transaction(async |conn| tesla().get_result::<i32>(conn).await)
        .await
        .unwrap();
    let seen = log.0.lock().unwrap().join("\n");
    assert!(seen.starts_with("BEGIN\n"), "{seen}");
    assert!(
        seen.contains(r#"SELECT "items"."price" FROM "client1"."items" WHERE ("items"."id" = $1) -- binds: [1]"#),
        "{seen}"
    );
}

#[tokio::test]
async fn instrumentation_that_prints_a_refused_query_doesnt_panic() {
    struct Print;

    impl Instrumentation for Print {
        fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
            let _ = format!("{event:?}");
        }
    }

    let store = Store::new().await;
    let mut conn = store.pool.shared().get().await.unwrap();
    conn.set_instrumentation(Print);
    assert!(matches!(
        tesla().get_result::<i32>(&mut conn).await,
        Err(Error::QueryBuilderError(_))
    ));
}

#[tokio::test]
async fn a_cancel_token_stops_the_running_query() {
    let store = Store::new().await;
    let mut conn = store.pool.for_tenant("client1").get().await.unwrap();
    let token = conn.cancel_token();
    let slow = diesel::sql_query("SELECT pg_sleep(30)");
    let (result, ()) = tokio::join!(slow.execute(&mut conn), async {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        token.cancel_query(tokio_postgres::NoTls).await.unwrap();
    });
    assert_eq!(
        result.unwrap_err().to_string(),
        "canceling statement due to user request"
    );
    assert_eq!(tesla().get_result::<i32>(&mut conn).await, Ok(5000));
}

#[tokio::test]
async fn a_cancel_token_that_is_kept_does_not_stop_the_next_tenants_query() {
    let store = Store::on_one_connection().await;
    let conn = store.pool.for_tenant("client1").get().await.unwrap();
    let token = conn.cancel_token();
    drop(conn);
    let mut conn = store.pool.for_tenant("client2").get().await.unwrap();
    let slow = diesel::sql_query("SELECT pg_sleep(0.5)");
    let (result, ()) = tokio::join!(slow.execute(&mut conn), async {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        let _ = token.cancel_query(tokio_postgres::NoTls).await;
    });
    assert_eq!(result, Ok(1));
}

#[tokio::test]
async fn notifications_arrive() {
    let store = Store::new().await;
    let mut conn = store.pool.for_tenant("client1").get().await.unwrap();
    diesel::sql_query("LISTEN news").execute(&mut conn).await.unwrap();
    diesel::sql_query("NOTIFY news, 'hello'")
        .execute(&mut conn)
        .await
        .unwrap();
    let notification = std::pin::pin!(conn.notifications_stream())
        .next()
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (notification.channel.as_str(), notification.payload.as_str()),
        ("news", "hello")
    );
}

#[tokio::test]
async fn several_pipelined_queries_in_functions_and_transactions() {
    async fn both(conn: &TenantConnection) -> QueryResult<(i32, i64)> {
        let (mut one, mut other) = (conn, conn);
        futures_util::try_join!(
            tesla().get_result(&mut one),
            items::table.count().get_result(&mut other)
        )
    }

    let store = Store::new().await;
    let mut conn = store.pool.for_tenant("client1").get().await.unwrap();
    assert_eq!(
        futures_util::try_join!(both(&conn), both(&conn)),
        Ok(((5000, 2), (5000, 2)))
    );
    conn.transaction(async |conn| {
        assert_eq!(
            futures_util::try_join!(both(conn), both(conn)),
            Ok(((5000, 2), (5000, 2)))
        );
        QueryResult::Ok(())
    })
    .await
    .unwrap();
}
