//! Citus with schema-based sharding: on the coordinator that `CITUS_DATABASE_URL` names, and not at all without it.

use diesel_async::SimpleAsyncConnection;
use diesel_tenants::{TenantPool, directory::ReferenceTablesError, migrations::NoMigrations};
use diesel_tenants_test_support::{Server, chain};

#[tokio::test]
async fn a_plain_server_has_no_reference_tables() {
    let database = Server::shared().database();
    database.run("CREATE TABLE public.users (id int PRIMARY KEY)");
    let pool = TenantPool::builder(database.url()).build().await.unwrap();
    let error = pool.make_reference_tables(["users"]).await.unwrap_err();
    assert!(matches!(error, ReferenceTablesError::NotCitus), "{error:?}");
    let error = pool.make_reference_tables([""]).await.unwrap_err();
    assert!(matches!(error, ReferenceTablesError::InvalidName(_)), "{error:?}");
}

#[tokio::test]
async fn shared_tables_become_reference_tables_of_citus() {
    let Ok(url) = std::env::var("CITUS_DATABASE_URL") else {
        eprintln!("skipped: CITUS_DATABASE_URL names no coordinator of Citus");
        return;
    };
    let separator = if url.contains('?') { '&' } else { '?' };
    let url = format!("{url}{separator}options=-c%20citus.enable_schema_based_sharding%3Don");
    let pool = TenantPool::builder(url).build().await.unwrap();
    let number = std::process::id();
    let (users, tenant) = (format!("users_{number}"), format!("client_{number}"));
    let mut conn = pool.shared().get().await.unwrap();
    conn.batch_execute(&format!("CREATE TABLE public.{users} (id int PRIMARY KEY)"))
        .await
        .unwrap();
    for _ in 0..2 {
        let made = pool.make_reference_tables([users.as_str()]).await;
        made.unwrap_or_else(|error| panic!("{}", chain(&error)));
    }
    let error = pool
        .make_reference_tables([users.as_str(), "nowhere"])
        .await
        .unwrap_err();
    assert!(matches!(error, ReferenceTablesError::Missing { .. }), "{error:?}");
    pool.create_tenant(&*tenant, NoMigrations).await.unwrap();
    let mut orders = pool.for_tenant(&*tenant).get().await.unwrap();
    let create = format!("CREATE TABLE orders (id int PRIMARY KEY, user_id int REFERENCES public.{users})");
    let created = orders.batch_execute(&create).await;
    drop(orders);
    pool.drop_tenant(&*tenant).await.unwrap();
    conn.batch_execute(&format!("DROP TABLE public.{users}")).await.unwrap();
    created.unwrap();
}
