//! Scratch databases: gone afterwards, whatever happened. Each test has a role or server of its own, so that nobody
//! else's count.

use std::{
    sync::atomic::{AtomicU32, Ordering::Relaxed},
    time::Duration,
};

use diesel_tenants::{TenantPool, rust_schema::RustSchemaError};
use diesel_tenants_test_support::{Database, Server};

use crate::setting::{Sql, empty};

/// A pool whose role is the test's own.
async fn as_role(attributes: &str) -> (TenantPool, Database, String) {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let database = Server::shared().database();
    let role = format!("{}_{}", database.name(), COUNT.fetch_add(1, Relaxed));
    database.run(&format!(
        "CREATE ROLE {role} LOGIN PASSWORD 'secret' {attributes}; GRANT CREATE ON DATABASE {} TO {role}",
        database.name()
    ));
    let mut url = database.url().to_owned();
    let at = url.find('@').expect("a URL with a user");
    url.replace_range(..at, &format!("postgres://{role}:secret"));
    let pool = TenantPool::builder(url).max_size(1).build().await.unwrap();
    (pool, database, role)
}

fn databases(database: &Database, role: &str) -> Vec<String> {
    let sql = format!("SELECT datname FROM pg_database WHERE datdba = '{role}'::regrole");
    database.values(&sql)
}

fn end(pool: TenantPool, database: &Database, role: &str) {
    drop(pool);
    database.run(&format!("DROP OWNED BY {role}; DROP ROLE {role}"));
}

#[tokio::test]
async fn nothing_is_left_behind_and_the_database_itself_is_not_touched() {
    let (pool, database, role) = as_role("CREATEDB").await;
    let users = Sql::of("CREATE TABLE users (id int PRIMARY KEY)");
    let schema = pool.rust_schema().from_migrations(users, Sql::of("")).await.unwrap();
    assert!(schema.shared().contains("public.users"));
    assert_eq!(databases(&database, &role), [""; 0]);
    let tables = database.query_strings("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'");
    assert_eq!(tables, [[Some("0".to_owned())]]);
    end(pool, &database, &role);
}

#[tokio::test]
async fn a_migration_that_fails_leaves_nothing_behind_and_is_named() {
    let (pool, database, role) = as_role("CREATEDB").await;
    let request = pool.rust_schema();
    let error = request
        .from_migrations(Sql::of("CREATE TABEL users ()"), Sql::of(""))
        .await
        .unwrap_err();
    assert!(matches!(error, RustSchemaError::MigrateShared(_)), "{error}");
    let error = request
        .from_migrations(Sql::of(""), Sql::of("SELECT 1 / 0"))
        .await
        .unwrap_err();
    assert!(matches!(error, RustSchemaError::MigrateTenant(_)), "{error}");
    let error = request
        .clone()
        .set_up("SELECT")
        .from_migrations(Sql::of(""), Sql::of(""))
        .await;
    assert!(error.is_ok(), "{error:?}");
    let error = request
        .clone()
        .set_up("SELEC")
        .from_migrations(Sql::of(""), Sql::of(""))
        .await
        .unwrap_err();
    assert!(matches!(error, RustSchemaError::SetUp(_)), "{error}");
    let error = request
        .template("nothing")
        .from_migrations(Sql::of(""), Sql::of(""))
        .await
        .unwrap_err();
    assert!(matches!(error, RustSchemaError::CreateScratch { .. }), "{error}");
    assert_eq!(databases(&database, &role), [""; 0]);
    end(pool, &database, &role);
}

#[tokio::test]
async fn a_role_that_may_not_create_databases_is_told_what_to_do() {
    let (pool, database, role) = as_role("").await;
    let error = pool
        .rust_schema()
        .from_migrations(Sql::of(""), Sql::of(""))
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("CREATEDB")
            && error.to_string().contains(&role)
            && error.to_string().contains("from_tenant"),
        "{error}"
    );
    end(pool, &database, &role);
}

#[tokio::test]
async fn a_future_given_up_at_any_moment_leaves_nothing_behind() {
    let (pool, database, role) = as_role("CREATEDB").await;
    let mut given_up = 0;
    for milliseconds in (0..400).step_by(20) {
        let tenant = Sql::of("CREATE TABLE orders (id int PRIMARY KEY); SELECT pg_sleep(0.15)");
        let request = pool.rust_schema();
        let schema = request.from_migrations(Sql::of(""), tenant);
        let ended = tokio::time::timeout(Duration::from_millis(milliseconds), schema).await;
        given_up += u32::from(ended.is_err());
        assert_eq!(databases(&database, &role), [""; 0], "after {milliseconds} ms");
    }
    assert!(given_up > 3, "it takes longer than it took");
    end(pool, &database, &role);
}

#[tokio::test]
async fn what_killed_processes_left_is_dropped_after_an_hour_and_nothing_else() {
    let (pool, database, role) = as_role("CREATEDB").await;
    let names = [
        "diesel_tenants_scratch_1000000000_",
        "diesel_tenants_scratch_99999999999_",
        "diesel_tenants_scratch_mine_",
    ];
    // As long a name as there may be is 63 bytes.
    let own = role.trim_start_matches("diesel_tenants_test_");
    for name in names {
        database.run(&format!("CREATE DATABASE {name}{own} OWNER {role} TEMPLATE template0"));
    }
    pool.rust_schema()
        .from_migrations(Sql::of(""), Sql::of(""))
        .await
        .unwrap();
    let mut left = databases(&database, &role);
    left.sort();
    assert_eq!(left, [format!("{}{own}", names[1]), format!("{}{own}", names[2])]);
    for name in left {
        database.run(&format!("DROP DATABASE {name}"));
    }
    end(pool, &database, &role);
}

#[tokio::test]
async fn several_at_once_are_not_in_each_others_way() {
    let (pool, _database) = empty().await;
    let schema = |name: &str| {
        let pool = pool.clone();
        let tenant = Sql::of(&format!("CREATE TABLE {name} (id int PRIMARY KEY)"));
        async move { pool.rust_schema().from_migrations(Sql::of(""), tenant).await }
    };
    let (one, two, three) = tokio::join!(schema("one"), schema("two"), schema("three"));
    for (schema, name) in [(one, "one"), (two, "two"), (three, "three")] {
        let schema = schema.unwrap();
        assert!(
            schema.tenant().contains(&format!("    {name} (id) {{")),
            "{}",
            schema.tenant()
        );
        assert_eq!(schema.tenant().matches("table! {").count(), 1);
    }
}
