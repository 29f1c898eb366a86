//! What goes wrong says so: what was attempted, for whom, and what to do next.

use std::time::Duration;

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use diesel_tenants::{SchemaTranslateMap, TenantPool};
use diesel_tenants_test_support::chain;

use crate::{schema::items, store::Store};

#[tokio::test]
async fn names_that_no_tenant_can_have_are_refused_with_the_reason() {
    let store = Store::on_one_connection().await;
    let refused = [
        ("", "a schema name can't be empty"),
        (
            "a\0b",
            "schema name \"a\\0b\" has a NUL at byte 1, which PostgreSQL can't store",
        ),
        (
            &"x".repeat(64),
            "has 64 bytes, and PostgreSQL would silently cut it to 63",
        ),
        (&"ü".repeat(32), "has 64 bytes"),
        ("pg_x", "schema name \"pg_x\" is reserved"),
        ("information_schema", "is reserved"),
        ("public", "\"public\" is the shared schema, not a tenant"),
    ];
    for (name, reason) in refused {
        let message = chain(&store.pool.for_tenant(name).get().await.unwrap_err());
        assert!(
            message.starts_with("can't check out a connection for a tenant: "),
            "{message}"
        );
        assert!(message.contains(reason), "{message}");
    }
}

#[tokio::test]
async fn hostile_names_are_names_and_nothing_else() {
    let store = Store::on_one_connection().await;
    for name in [
        r#"x"; DROP TABLE public.users; --"#,
        "größe 日本",
        "Client1",
        "a.b",
        "'",
        "\\",
        "$$",
        "client1 ",
    ] {
        let error = store.pool.for_tenant(name).get().await.unwrap_err();
        assert!(error.to_string().contains("unknown tenant"), "{error}");
        store
            .pool
            .create_tenant(name, crate::migrations::items_only())
            .await
            .unwrap();
        let mut conn = store.pool.for_tenant(name).get().await.unwrap();
        assert_eq!(items::table.count().get_result::<i64>(&mut conn).await, Ok(0), "{name}");
    }
    assert_eq!(store.value("SELECT count(*) FROM public.users"), "2");
}

#[tokio::test]
async fn a_map_to_a_missing_schema_is_refused() {
    let store = Store::on_one_connection().await;
    let map = SchemaTranslateMap::tenant("nowhere".parse().unwrap());
    let message = chain(&store.pool.with_map(map).get().await.unwrap_err());
    assert!(message.starts_with("unknown tenant \"nowhere\""), "{message}");
}

#[tokio::test]
async fn a_maps_key_that_nothing_uses_does_no_harm() {
    let store = Store::on_one_connection().await;
    let map = SchemaTranslateMap::tenant("client1".parse().unwrap()).with("no such schema", "client2".parse().unwrap());
    let mut conn = store.pool.with_map(map).get().await.unwrap();
    assert_eq!(
        items::table
            .find(1)
            .select(items::price)
            .get_result::<i32>(&mut conn)
            .await,
        Ok(5000)
    );
}

#[tokio::test]
async fn an_exhausted_pool_names_the_tenant_that_waited() {
    let store = Store::with(|builder| builder.max_size(1).wait_timeout(Duration::from_millis(50))).await;
    let _held = store.pool.for_tenant("client1").get().await.unwrap();
    let message = chain(&store.pool.for_tenant("client2").get().await.unwrap_err());
    assert_eq!(
        message,
        "no connection for tenant \"client2\" within 50ms: all 1 are in use; hold them for a shorter time, or raise `max_size`"
    );
}

#[tokio::test]
async fn a_server_that_is_down_is_named_by_host_and_never_by_password() {
    // A port that was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let url = format!("postgres://somebody:s3cret@127.0.0.1:{port}/store");
    let error = TenantPool::builder(&url).build().await.unwrap_err();
    let message = chain(&error);
    assert!(
        message.contains(&format!("can't connect to PostgreSQL at 127.0.0.1:{port}/store")),
        "{message}"
    );
    assert!(message.contains("refused"), "{message}");
    assert!(
        !message.contains("s3cret") && !format!("{error:?}").contains("s3cret"),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_server_that_goes_down_later_names_the_tenant_too() {
    let server = diesel_tenants_test_support::Server::start();
    let database = server.database();
    database.run("CREATE SCHEMA client1");
    let pool = TenantPool::builder(database.url()).build().await.unwrap();
    drop(pool.for_tenant("client1").get().await.unwrap());
    server.stop();
    // The pool may take a moment to learn of it.
    let error = loop {
        match pool.for_tenant("client1").get().await {
            Ok(conn) => drop(conn),
            Err(error) => break error,
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    let message = chain(&error);
    assert!(
        message.starts_with("can't connect for tenant \"client1\": can't connect to PostgreSQL at 127.0.0.1:"),
        "{message}"
    );
    server.restart();
    pool.for_tenant("client1")
        .get()
        .await
        .expect("the pool recovers with the server");
}

#[tokio::test]
async fn a_malformed_url_is_refused_without_being_shown() {
    for url in [
        "postgres://me:s3cret@host:notaport/db",
        "host=localhost password=my s3cret=x",
        "s3cret",
    ] {
        let error = TenantPool::builder(url).build().await.unwrap_err();
        let message = chain(&error);
        assert!(message.starts_with("the database URL can't be parsed"), "{message}");
        assert!(
            !message.contains("s3cret") && !format!("{error:?}").contains("s3cret"),
            "{error:?}"
        );
    }
}
