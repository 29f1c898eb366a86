use std::time::Duration;

use diesel::prelude::*;
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use diesel_tenants::{CheckoutError, Recycling, TenantPool};
use diesel_tenants_test_support::chain;

use crate::{schema::items, store::Store};

#[tokio::test]
async fn an_unknown_tenant_is_an_error_before_any_query_and_one_made_elsewhere_is_seen_after_a_second() {
    let store = Store::on_one_connection().await;
    let error = store.pool.for_tenant("client3").get().await.unwrap_err();
    assert!(
        matches!(&error, CheckoutError::UnknownTenant { tenant } if tenant.as_str() == "client3"),
        "{error:?}"
    );
    assert!(error.to_string().starts_with("unknown tenant \"client3\""), "{error}");
    store
        .database
        .run("CREATE SCHEMA client3; CREATE TABLE client3.items (id int, description text, price int)");
    let begun = std::time::Instant::now();
    let mut conn = loop {
        match store.pool.for_tenant("client3").get().await {
            Ok(conn) => break conn,
            Err(error) => assert!(begun.elapsed() < Duration::from_secs(30), "{error}"),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    assert_eq!(items::table.count().get_result::<i64>(&mut conn).await, Ok(0));
}

#[tokio::test]
async fn existence_is_asked_for_once() {
    let store = Store::on_one_connection().await;
    drop(store.pool.for_tenant("client1").get().await.unwrap());
    // Were the catalog asked again, the schema would be missing.
    store.database.run("ALTER SCHEMA client1 RENAME TO elsewhere");
    let mut conn = store.pool.for_tenant("client1").get().await.unwrap();
    let error = items::table.count().get_result::<i64>(&mut conn).await.unwrap_err();
    assert!(
        chain(&error).contains("relation \"client1.items\" does not exist"),
        "{error}"
    );
}

#[tokio::test]
async fn existence_is_asked_for_again_when_it_is_old() {
    let store = Store::with(|builder| builder.max_size(1).schema_cache(10, Duration::ZERO)).await;
    drop(store.pool.for_tenant("client1").get().await.unwrap());
    store.database.run("ALTER SCHEMA client1 RENAME TO elsewhere");
    let error = store.pool.for_tenant("client1").get().await.unwrap_err();
    assert!(matches!(error, CheckoutError::UnknownTenant { .. }), "{error:?}");
}

#[tokio::test]
async fn the_search_path_of_a_checkout_reaches_no_table() {
    let store = Store::on_one_connection().await;
    store
        .database
        .run("CREATE TABLE public.items (id int, description text, price int)");
    let mut conn = store.pool.for_tenant("client1").get().await.unwrap();
    // Inside of a string no translator can see the name; the server must not find `public.items` either.
    let error = diesel::sql_query("SELECT 'items'::regclass")
        .execute(&mut conn)
        .await
        .unwrap_err();
    assert!(chain(&error).contains("relation \"items\" does not exist"), "{error}");
}

#[tokio::test]
async fn schemas_of_extensions_can_stay_on_the_search_path() {
    let store = Store::with(|builder| builder.extension_schemas(["extra functions"])).await;
    store.database.run(
        "CREATE SCHEMA \"extra functions\"; CREATE FUNCTION \"extra functions\".answer() RETURNS int LANGUAGE sql AS 'SELECT 42'",
    );
    let mut conn = store.pool.for_tenant("client1").get().await.unwrap();
    let answer = diesel::select(diesel::dsl::sql::<diesel::sql_types::Integer>("answer()"));
    assert_eq!(answer.get_result::<i32>(&mut conn).await, Ok(42));
}

#[tokio::test]
async fn status_counts_connections_and_close_refuses_checkouts() {
    let store = Store::with(|builder| builder.max_size(3)).await;
    let conn = store.pool.for_tenant("client1").get().await.unwrap();
    let status = store.pool.status();
    assert_eq!((status.max_size, status.size, status.available), (3, 1, 0));
    drop(conn);
    assert_eq!(store.pool.status().available, 1);
    store.pool.close();
    let error = store.pool.for_tenant("client1").get().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "no connection for tenant \"client1\": the pool is closed"
    );
}

#[tokio::test]
async fn session_state_never_reaches_the_next_checkout() {
    let leave_something = [
        "SET search_path = client1",
        "SELECT set_config('search_path', 'client1', false)",
        "BEGIN",
        "CREATE TEMPORARY TABLE items (id int)",
        "SELECT pg_advisory_lock(1)",
        "LISTEN everything",
        "PREPARE mine AS SELECT 1",
        "SET ROLE postgres",
    ];
    let store = Store::with(|builder| builder.max_size(1).recycling(Recycling::Fast)).await;
    for statement in leave_something {
        let mut conn = store.pool.for_tenant("client1").get().await.unwrap();
        let before = pid(&mut conn).await;
        conn.batch_execute(statement).await.unwrap();
        drop(conn);
        let mut conn = store.pool.for_tenant("client2").get().await.unwrap();
        assert_ne!(
            pid(&mut conn).await,
            before,
            "after `{statement}` the connection was handed on"
        );
    }
    let mut conn = store.pool.for_tenant("client1").get().await.unwrap();
    let before = pid(&mut conn).await;
    conn.batch_execute("UPDATE items SET price = price").await.unwrap();
    drop(conn);
    let mut conn = store.pool.for_tenant("client2").get().await.unwrap();
    assert_eq!(pid(&mut conn).await, before, "an ordinary statement leaves nothing");
}

#[tokio::test]
async fn a_connection_killed_while_idle_is_replaced() {
    for recycling in [Recycling::Verified, Recycling::VerifiedAfterIdle(Duration::ZERO)] {
        let store = Store::with(|builder| builder.max_size(1).recycling(recycling)).await;
        let mut conn = store.pool.for_tenant("client1").get().await.unwrap();
        let victim = pid(&mut conn).await;
        drop(conn);
        store.database.run(&format!("SELECT pg_terminate_backend({victim})"));
        let mut conn = store.pool.for_tenant("client1").get().await.unwrap();
        assert_ne!(pid(&mut conn).await, victim);
    }
}

#[tokio::test]
async fn connections_are_replaced_when_they_are_old() {
    let store = Store::with(|builder| builder.max_size(1).max_lifetime(Duration::ZERO)).await;
    let first = pid(&mut store.pool.for_tenant("client1").get().await.unwrap()).await;
    let second = pid(&mut store.pool.for_tenant("client1").get().await.unwrap()).await;
    assert_ne!(first, second);
}

#[tokio::test]
async fn a_custom_setup_makes_the_connections_and_is_checked_too() {
    use diesel_tenants::PostgresConnection;
    let store = Store::new().await;
    let connect = |config: tokio_postgres::Config| async move {
        PostgresConnection::connect(&config, tokio_postgres::NoTls).await
    };
    let pool = TenantPool::builder(store.database.url())
        .establish_with(move |config| Box::pin(connect(config)))
        .build()
        .await
        .unwrap();
    let mut conn = pool.for_tenant("client1").get().await.unwrap();
    assert_eq!(items::table.count().get_result::<i64>(&mut conn).await, Ok(2));

    for (options, refused) in [
        (None, "did not arrive"),
        (Some("-c search_path=public"), "holds \"public\""),
        (
            Some("-c standard_conforming_strings=off"),
            "standard_conforming_strings is off",
        ),
    ] {
        let careless = TenantPool::builder(store.database.url())
            .establish_with(move |mut config| {
                let given = config.get_options().unwrap_or_default();
                config.options(options.map_or("-c search_path=".to_owned(), |own| format!("{given} {own}")));
                Box::pin(connect(config))
            })
            .build()
            .await;
        let message = chain(&careless.unwrap_err());
        assert!(message.contains(refused), "{message}");
    }
}

#[tokio::test]
async fn a_connection_put_in_anothers_place_is_not_handed_on() {
    use diesel_async::AsyncConnection;
    use diesel_tenants::{PostgresConnection, SchemaTranslateMap, TenantConnection};
    let store = Store::with(|builder| builder.max_size(1).recycling(Recycling::Fast)).await;
    let foreign = PostgresConnection::establish(store.database.url()).await.unwrap();
    let mut conn = store.pool.for_tenant("client1").get().await.unwrap();
    let foreign = TenantConnection::new(foreign, SchemaTranslateMap::tenant("client1".parse().unwrap()));
    drop(std::mem::replace(&mut *conn, foreign));
    let foreign_pid = pid(&mut conn).await;
    drop(conn);
    let mut conn = store.pool.for_tenant("client2").get().await.unwrap();
    assert_ne!(pid(&mut conn).await, foreign_pid);
}

#[tokio::test]
async fn a_path_to_a_schema_that_doesnt_exist_yet_is_refused_too() {
    let store = Store::new().await;
    for path in ["client9", "\"$user\"", "pg_catalog, client9"] {
        let role = format!("role_{}", store.database.name());
        store.database.run(&format!(
            "DROP ROLE IF EXISTS {role}; CREATE ROLE {role} LOGIN SUPERUSER PASSWORD 'x'; ALTER ROLE {role} SET search_path = {path}"
        ));
        let (_, address) = store.database.url().split_once('@').unwrap();
        let url = format!("postgres://{role}:x@{address}");
        let message = chain(
            &TenantPool::builder(url)
                .search_path_from_role()
                .build()
                .await
                .unwrap_err(),
        );
        store.database.run(&format!("DROP ROLE {role}"));
        assert!(message.contains("the search_path of new connections"), "{message}");
    }
}

#[tokio::test]
async fn a_schema_of_extensions_is_no_tenant() {
    let store = Store::with(|builder| builder.extension_schemas(["extensions"])).await;
    store.database.run("CREATE SCHEMA extensions");
    let message = chain(&store.pool.for_tenant("extensions").get().await.unwrap_err());
    assert!(
        message.contains("\"extensions\" is a schema of extensions"),
        "{message}"
    );
}

#[tokio::test]
async fn statements_that_are_not_kept_prepared_dont_wear_a_connection_out() {
    let store = Store::with(|builder| builder.max_size(1).max_statements(10)).await;
    let first = pid(&mut store.pool.for_tenant("client1").get().await.unwrap()).await;
    for number in 0..40 {
        let mut conn = store.pool.for_tenant("client1").get().await.unwrap();
        diesel::sql_query(format!("SELECT {number} FROM items"))
            .execute(&mut conn)
            .await
            .unwrap();
    }
    assert_eq!(
        pid(&mut store.pool.for_tenant("client1").get().await.unwrap()).await,
        first
    );
}

#[tokio::test]
async fn a_connection_that_has_served_many_tenants_is_replaced() {
    let store = Store::with(|builder| builder.max_size(1).max_tenants(2)).await;
    let mut pids = Vec::new();
    for tenant in ["client1", "client2", "client1", "client2"] {
        pids.push(pid(&mut store.pool.for_tenant(tenant).get().await.unwrap()).await);
    }
    assert!(pids.iter().all(|pid| *pid == pids[0]), "{pids:?}");
    store.database.run("CREATE SCHEMA client3");
    pids.push(pid(&mut store.pool.for_tenant("client3").get().await.unwrap()).await);
    assert_eq!(pids[4], pids[0]);
    pids.push(pid(&mut store.pool.for_tenant("client3").get().await.unwrap()).await);
    assert_ne!(pids[5], pids[0]);
}

pub async fn pid(conn: &mut diesel_tenants::Checkout) -> i32 {
    diesel::select(diesel::dsl::sql::<diesel::sql_types::Integer>("pg_backend_pid()"))
        .get_result(conn)
        .await
        .unwrap()
}

#[tokio::test]
async fn one_tenant_can_not_keep_the_others_from_their_connections() {
    let store = Store::with(|builder| {
        builder
            .max_size(3)
            .max_per_tenant(2)
            .wait_timeout(Duration::from_millis(100))
    })
    .await;
    let held = [
        store.pool.for_tenant("client1").get().await.unwrap(),
        store.pool.for_tenant("client1").get().await.unwrap(),
    ];
    let error = store.pool.for_tenant("client1").get().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "no connection for tenant \"client1\" within 100ms: the tenant already holds 2, as many as one tenant may have \
         (`max_per_tenant`); hold connections for a shorter time"
    );
    assert!(
        matches!(error, CheckoutError::TenantExhausted { limit: 2, .. }),
        "{error:?}"
    );
    drop(store.pool.for_tenant("client2").get().await.unwrap());
    // A request that is given up while it waits takes nothing along.
    let waiting = tokio::time::timeout(Duration::from_millis(10), store.pool.for_tenant("client1").get());
    assert!(waiting.await.is_err());
    let [first, _second] = held;
    drop(first);
    store.pool.for_tenant("client1").get().await.unwrap();
}
