//! What a pool hands out, and what it refuses.

use std::{
    thread,
    time::{Duration, Instant},
};

use diesel::{PgConnection, prelude::*};
use diesel_tenants::{
    CheckoutError, ConnectError, SchemaTranslateMap, TranslateDsl, TranslateError,
    blocking::{BuildError, PostgresConnection, TenantPool, TenantPoolBuilder},
};
use diesel_tenants_test_support::{Database, PgBouncer, Server, chain};

use crate::store::{database, items, map, users, value};

pub fn pool(database: &Database) -> TenantPool<PgConnection> {
    pool_with(database, |builder| builder)
}

pub fn pool_with(
    database: &Database,
    options: impl FnOnce(TenantPoolBuilder<PgConnection>) -> TenantPoolBuilder<PgConnection>,
) -> TenantPool<PgConnection> {
    options(TenantPool::builder(database.url()).max_size(3))
        .build()
        .expect("the test's server is up")
}

#[test]
fn maps_are_those_of_the_query_then_the_checkout_then_the_pool() {
    let database = database();
    let pool = pool_with(&database, |builder| {
        builder.options(|options| options.schema_map(map("client1")))
    });
    let price = || items::table.find(1).select(items::price);
    assert_eq!(price().first::<i32>(&mut pool.get().unwrap()), Ok(5000));
    let mut conn = pool.with_map(map("client2")).get().unwrap();
    assert_eq!(price().first::<i32>(&mut conn), Ok(1000));
    assert_eq!(price().in_schema("client1").first::<i32>(&mut conn), Ok(5000));
    assert_eq!(conn.map(), &map("client2"));
    drop(conn);
    let mut conn = pool.shared().get().unwrap();
    assert_eq!(users::table.count().get_result::<i64>(&mut conn), Ok(2));
    let error = price().first::<i32>(&mut conn).unwrap_err();
    assert!(
        matches!(&error, diesel::result::Error::QueryBuilderError(e) if e.is::<TranslateError>()),
        "{error:?}"
    );
    let pinned = SchemaTranslateMap::new().with("public", "client2".parse().unwrap());
    let users = users::table
        .count()
        .with_schema_map(pinned)
        .get_result::<i64>(&mut conn);
    assert!(
        chain(&users.unwrap_err()).contains("client2.users"),
        "the table is looked for where the map leads"
    );
}

#[test]
fn unknown_suspended_and_reserved_tenants_are_errors() {
    let database = database();
    let pool = pool(&database);
    for _ in 0..2 {
        let unknown = pool.for_tenant("nobody").get().unwrap_err();
        assert!(matches!(&unknown, CheckoutError::UnknownTenant { tenant } if tenant.as_str() == "nobody"));
    }
    for name in ["public", "", "pg_catalog", "a\0b"] {
        let error = pool.for_tenant(name).get().unwrap_err();
        assert!(matches!(error, CheckoutError::InvalidName(_)), "{name:?}: {error}");
    }
    let unknown = pool.with_map(map("nobody")).get().unwrap_err();
    assert!(matches!(unknown, CheckoutError::UnknownTenant { .. }), "{unknown}");
    pool.for_tenant("client1").get().unwrap();
    pool.suspend_tenant("client1").unwrap();
    let suspended = pool.for_tenant("client1").get().unwrap_err();
    assert!(
        matches!(suspended, CheckoutError::SuspendedTenant { .. }),
        "{suspended}"
    );
    pool.resume_tenant("client1").unwrap();
    pool.for_tenant("client1").get().unwrap();
    database.run("CREATE SCHEMA nobody");
    thread::sleep(Duration::from_millis(1100));
    pool.for_tenant("nobody").get().unwrap();
}

#[test]
fn a_checkout_may_wait_without_end() {
    let database = database();
    let pool = pool_with(&database, |builder| builder.max_size(1).wait_timeout(Duration::MAX));
    let held = pool.for_tenant("client1").get().unwrap();
    thread::scope(|scope| {
        let waiting = scope.spawn(|| pool.for_tenant("client2").get().map(|conn| conn.map().clone()));
        thread::sleep(Duration::from_millis(50));
        drop(held);
        assert_eq!(waiting.join().unwrap().unwrap(), map("client2"));
    });
}

#[test]
fn what_cant_be_built_says_why() {
    let database = database();
    let build = |url: &str| TenantPool::<PgConnection>::builder(url).max_size(1).build();
    let started = Instant::now();
    let error = build("postgres://nobody@127.0.0.1:1/nothing").unwrap_err();
    assert!(chain(&error).contains("127.0.0.1:1"), "{}", chain(&error));
    assert!(started.elapsed() < Duration::from_secs(5));
    assert!(matches!(build("nonsense?"), Err(BuildError::Background(_))));
    let error = TenantPool::<PgConnection>::builder(database.url())
        .max_size(0)
        .build()
        .unwrap_err();
    assert!(matches!(error, BuildError::Empty));
    // The driver's own URL leads elsewhere.
    let error = TenantPool::<PgConnection>::builder(database.url())
        .connection_url("postgres://nobody@127.0.0.1:1/nothing")
        .build()
        .unwrap_err();
    assert!(matches!(error, BuildError::Connect(_)), "{error:?}");
    let other = database_of_another_name();
    let error = TenantPool::<PgConnection>::builder(database.url())
        .connection_url(other.url())
        .build()
        .unwrap_err();
    assert!(matches!(error, BuildError::AnotherDatabase { .. }), "{error:?}");
    let error = TenantPool::<PgConnection>::builder(database.url())
        .options(|options| options.search_path_from_role())
        .build()
        .unwrap_err();
    assert!(
        matches!(error, BuildError::Pooler | BuildError::Background(_)),
        "{error:?}"
    );
    // Its own options are kept, and the library's come last.
    let url = format!(
        "{}?options=-c%20work_mem%3D7MB%20-c%20search_path%3Dpublic",
        database.url()
    );
    let pool = build(&url).unwrap();
    let settings = diesel::select((
        setting("work_mem"),
        setting("search_path"),
        setting("standard_conforming_strings"),
    ));
    let found = settings.first::<(String, String, String)>(&mut pool.shared().get().unwrap());
    assert_eq!(found, Ok(("7MB".into(), String::new(), "on".into())));
}

fn database_of_another_name() -> Database {
    Server::shared().database()
}

#[test]
fn a_pooler_that_drops_startup_options_is_noticed() {
    if PgBouncer::version().is_none() {
        return;
    }
    let database = database();
    let settings = ["pool_mode = transaction", "ignore_startup_parameters = options"];
    let role = format!("{}_pooled", database.name());
    database.run(&format!("CREATE ROLE {role} LOGIN PASSWORD 'x'"));
    let pooler = PgBouncer::start(&database, &role, "x", &settings);
    let error = TenantPool::<PgConnection>::builder(database.url())
        .connection_url(pooler.url())
        .build()
        .unwrap_err();
    assert!(
        matches!(error, BuildError::Connect(ConnectError::LostOptions { .. })),
        "{error:?}"
    );
    drop(pooler);
    database.run(&format!("DROP ROLE {role}"));
}

diesel::define_sql_function! {
    #[sql_name = "pg_catalog.current_setting"]
    fn setting(name: diesel::sql_types::Text) -> diesel::sql_types::Text;
}

#[test]
fn a_server_that_is_gone_is_an_error_at_once_and_later_it_is_found_again() {
    let server = Server::start();
    let database = server.database();
    database.run("CREATE SCHEMA client1; CREATE TABLE client1.items (id int PRIMARY KEY, description text, price int)");
    let pool = pool_with(&database, |builder| {
        builder.options(|options| options.schema_cache(10, Duration::from_secs(600)))
    });
    let count = || {
        let mut conn = pool.for_tenant("client1").get()?;
        Ok::<_, CheckoutError>(items::table.count().get_result::<i64>(&mut conn))
    };
    assert_eq!(count().unwrap(), Ok(0));
    server.stop();
    // The first learn it by their query, or by the test of a connection that was idle.
    let started = Instant::now();
    let refused = (0..5).find_map(|_| count().err()).expect("no connection is left");
    assert!(matches!(refused, CheckoutError::Connect { .. }), "{refused:?}");
    assert!(started.elapsed() < Duration::from_secs(10));
    server.restart();
    let started = Instant::now();
    while !matches!(count(), Ok(Ok(0))) {
        assert!(started.elapsed() < Duration::from_secs(20), "{:?}", count());
        thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_server_with_less_room_than_the_pool_serves_everybody_in_turn() {
    let server = Server::builder()
        .setting("max_connections", 5)
        .setting("superuser_reserved_connections", 0)
        .setting("max_wal_senders", 0)
        .start()
        .expect("a server");
    let database = server.database();
    database.run("CREATE SCHEMA client1; CREATE TABLE client1.items (id int PRIMARY KEY, description text, price int)");
    let pool = pool_with(&database, |builder| builder.max_size(12));
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let mut conn = pool.for_tenant("client1").get().unwrap();
                assert_eq!(items::table.count().get_result::<i64>(&mut conn), Ok(0));
                thread::sleep(Duration::from_millis(100));
            });
        }
    });
}

#[test]
fn a_rust_driver_serves_as_well_as_libpq() {
    let database = database();
    let pool: TenantPool<PostgresConnection> = TenantPool::builder(database.url()).max_size(2).build().unwrap();
    for (tenant, price) in [("client1", 5000), ("client2", 1000), ("client1", 5000)] {
        let mut conn = pool.for_tenant(tenant).get().unwrap();
        assert_eq!(
            items::table.find(1).select(items::price).first::<i32>(&mut conn),
            Ok(price)
        );
        let raised = diesel::update(items::table.find(1))
            .set(items::price.eq(items::price + 0))
            .execute(&mut conn);
        assert_eq!(raised, Ok(1));
    }
    assert_eq!(value(&database, "SELECT price FROM client1.items WHERE id = 1"), "5000");
}
