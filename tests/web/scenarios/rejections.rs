use std::time::Duration;

use diesel_tenants::{TenantPool, migrations::NoMigrations};
use diesel_tenants_test_support::Server;

use crate::{
    handlers::{Find, Service},
    http::get_at,
    servers::Serve,
    store::Store,
};

pub async fn suspended_and_unknown_tenants<S: Serve>() {
    let store = Store::new().await;
    let server = S::start(Service::new(&store.pool, Find::Subdomain)).await;
    store.pool.create_tenant("client8", NoMigrations).await.unwrap();
    let client8 = async |path: &str| get_at(*server, "client8.shop.example", path).await;
    assert_eq!(client8("/tenant").await.status, 200);
    store.pool.suspend_tenant("client8").await.unwrap();
    // Whether or not a handler asks for a connection.
    for path in ["/orders/1", "/tenant", "/products", "/current"] {
        let answer = client8(path).await;
        assert_eq!((answer.status, &*answer.error()), (403, "suspended_tenant"), "{path}");
    }
    store.pool.resume_tenant("client8").await.unwrap();
    assert_eq!(client8("/tenant").await.status, 200);

    // A new one is served at once, a dropped one no more.
    let answer = get_at(*server, "client9.shop.example", "/tenant").await;
    assert_eq!((answer.status, &*answer.error()), (404, "unknown_tenant"));
    let create = store
        .pool
        .create_tenant("client9", diesel_tenants::migrations::NoMigrations);
    create.await.unwrap();
    assert_eq!(get_at(*server, "client9.shop.example", "/tenant").await.body, "client9");
    store.pool.drop_tenant("client9").await.unwrap();
    assert_eq!(get_at(*server, "client9.shop.example", "/tenant").await.status, 404);
}

/// The server testifies: it logs each statement that it gets. One of the test's own, for another's log can't be read.
pub async fn schemas_of_refused_requests<S: Serve>() {
    let own = Server::builder().setting("log_statement", "all").start().unwrap();
    let store = Store::on(&own, |builder| builder).await;
    let pool = TenantPool::builder(store.database.url())
        .max_size(1)
        .build()
        .await
        .unwrap();
    let (suspended, archived, unknown) = ("suspended", "archived", "unknown");
    for tenant in [suspended, archived] {
        store.database.run(&format!(
            "CREATE SCHEMA {tenant}; CREATE TABLE {tenant}.items (LIKE client1.items INCLUDING ALL)"
        ));
        pool.migrate_tenant(tenant, NoMigrations).await.unwrap();
    }
    pool.suspend_tenant(suspended).await.unwrap();
    pool.archive_tenant(archived).await.unwrap();
    let server = S::start(Service::new(&pool, Find::Subdomain)).await;
    let begun = own.log().len();
    let named = |tenant: &str| own.log()[begun..].contains(&format!("\"{tenant}\"."));
    for (tenant, status) in [(suspended, 403), (archived, 404), (unknown, 404)] {
        for path in ["/products", "/current", "/orders/1", "/tenant"] {
            let answer = get_at(*server, &format!("{tenant}.shop.example"), path).await;
            assert_eq!(answer.status, status, "{tenant}{path}");
        }
        assert!(!named(tenant), "no statement names a table of {tenant}");
    }
    pool.resume_tenant(suspended).await.unwrap();
    assert_eq!(
        get_at(*server, &format!("{suspended}.shop.example"), "/products")
            .await
            .body,
        "0"
    );
    assert!(named(suspended), "the log holds what is sent");
}

pub async fn busy_pools_and_lost_servers<S: Serve>() {
    let store = Store::with(|builder| builder.max_size(1).wait_timeout(Duration::from_millis(50))).await;
    let server = S::start(Service::new(&store.pool, Find::Subdomain)).await;
    let held = store.pool.for_tenant("client1").get().await.unwrap();
    // The tenant is known: it takes a connection only where a handler uses one.
    assert_eq!(get_at(*server, "client1.shop.example", "/tenant").await.status, 200);
    for (host, path) in [
        ("client1.shop.example", "/orders/1"),
        ("client2.shop.example", "/tenant"),
    ] {
        let answer = get_at(*server, host, path).await;
        assert_eq!((answer.status, &*answer.error()), (503, "unavailable"), "{host}{path}");
        assert_eq!(answer.header("retry-after"), Some("7"));
        assert!(!answer.body.contains("max_size"), "{answer:?}");
    }
    drop(held);
    assert_eq!(get_at(*server, "client1.shop.example", "/orders/1").await.status, 200);
    store.pool.close();
    assert_eq!(get_at(*server, "client1.shop.example", "/orders/1").await.status, 503);
}

pub async fn answers_of_ones_own<S: Serve>() {
    let store = Store::new().await;
    let mut service = Service::new(&store.pool, Find::Subdomain);
    service.own_rejections = true;
    let server = S::start(service).await;
    for (host, path, code) in [
        ("nobody.shop.example", "/tenant", "unknown_tenant"),
        ("shop.example", "/tenant", "no_tenant"),
        ("a..shop.example", "/tenant", "malformed_tenant"),
        ("shop.example", "/leak", "internal"),
    ] {
        let answer = get_at(*server, host, path).await;
        assert_eq!((answer.status, &*answer.body), (418, code), "{host}{path}");
    }
    assert_eq!(get_at(*server, "client1.shop.example", "/tenant").await.status, 200);
}

pub async fn handlers_without_the_middleware<S: Serve>() {
    let store = Store::new().await;
    let server = S::start(Service::new(&store.pool, Find::Subdomain)).await;
    let answer = get_at(*server, "client1.shop.example", "/outside").await;
    assert_eq!(
        (answer.status, &*answer.error()),
        (500, "internal"),
        "not the wrong tenant, and not nobody"
    );
}
