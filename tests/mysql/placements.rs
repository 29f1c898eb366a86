//! Tenants on several servers, and the policies that choose one.

use std::{sync::LazyLock, time::Duration};

use diesel::prelude::*;
use diesel_async::{AsyncConnection, AsyncMysqlConnection, RunQueryDsl, SimpleAsyncConnection};
use diesel_tenants::{
    CheckoutError, DatabaseLimits, LifecycleError, Mysql, MysqlPoolBuilder, MysqlUrl, Placement, TenantPool,
    directory::{FewestTenants, FixedDirectory, Hashed},
    pool::DatabaseError,
};
use diesel_tenants_test_support::{MariaDb, chain};

use crate::{
    directory::General,
    store::{NoMigrations, prices},
};

/// Another server than the one that all tests share.
static SECOND: LazyLock<MariaDb> =
    LazyLock::new(|| MariaDb::start().unwrap_or_else(|error| panic!("{}", chain(&error))));

pub fn second() -> MysqlUrl {
    second_address().parse().unwrap()
}

pub fn second_address() -> String {
    SECOND.url()
}

pub fn second_server() -> &'static MariaDb {
    &SECOND
}

pub fn with_shard(builder: MysqlPoolBuilder) -> MysqlPoolBuilder {
    builder.database("shard1", second())
}

pub fn place(schema: &str) -> Placement {
    Placement::schema(schema.parse().unwrap()).in_database("shard1")
}

pub async fn on_second(sql: &str) {
    let mut conn = AsyncMysqlConnection::establish(&SECOND.url()).await.unwrap();
    conn.batch_execute(sql).await.unwrap();
}

/// One item in a tenant's database, on either server.
async fn give_item(pool: &TenantPool<Mysql>, tenant: &str, price: i32) {
    let mut conn = pool.for_tenant(tenant).get().await.unwrap();
    conn.batch_execute(&format!(
        "CREATE TABLE items (id BIGINT PRIMARY KEY AUTO_INCREMENT, description VARCHAR(100) NOT NULL, price INT NOT NULL);
         INSERT INTO items (description, price) VALUES ('Tesla', {price})"
    ))
    .await
    .unwrap();
}

#[tokio::test]
async fn a_tenant_on_another_server_lives_its_whole_life_there() {
    let general = General::new(with_shard).await;
    let (pool, name) = (&general.pool, |name| general.name(name));
    pool.create_tenant(name("here"), NoMigrations).await.unwrap();
    pool.place_tenant(name("there"), place(&name("schema")), NoMigrations)
        .await
        .unwrap();
    assert_eq!(
        general.rows().await,
        ["here here active", "there schema in shard1 active"]
    );
    give_item(pool, &name("here"), 1).await;
    give_item(pool, &name("there"), 2).await;
    assert_eq!(prices(pool, &name("here")).await, [1]);
    assert_eq!(prices(pool, &name("there")).await, [2]);
    let mut conn = pool.for_tenant(name("there")).read_only().get().await.unwrap();
    assert!(conn.batch_execute("DELETE FROM items").await.is_err());
    drop(conn);
    // The same again: once it is there, it is migrated.
    assert!(
        pool.ensure_tenant(name("there"), NoMigrations)
            .await
            .unwrap()
            .is_empty()
    );
    let again = pool
        .place_tenant(name("there"), place(&name("other")), NoMigrations)
        .await;
    assert!(matches!(again, Err(LifecycleError::AlreadyExists { .. })), "{again:?}");
    let again = pool.create_tenant(name("there"), NoMigrations).await;
    assert!(matches!(again, Err(LifecycleError::AlreadyExists { .. })), "{again:?}");

    pool.suspend_tenant(name("there")).await.unwrap();
    let error = pool.for_tenant(name("there")).get().await.unwrap_err();
    assert!(matches!(error, CheckoutError::SuspendedTenant { .. }), "{error}");
    pool.resume_tenant(name("there")).await.unwrap();
    pool.rename_tenant(name("there"), name("moved")).await.unwrap();
    assert_eq!(general.rows().await[1], "moved schema in shard1 active");
    assert_eq!(prices(pool, &name("moved")).await, [2]);
    for refused in [
        pool.archive_tenant(name("moved")).await.map(drop),
        pool.place_tenant(name("thief"), place(&name("schema")), NoMigrations)
            .await
            .map(drop),
        pool.place_tenant(name("thief"), Placement::rows("7"), NoMigrations)
            .await
            .map(drop),
        pool.place_tenant(
            name("thief"),
            place(&format!("general{}", general.number)),
            NoMigrations,
        )
        .await
        .map(drop),
    ] {
        let error = refused.unwrap_err();
        assert!(
            matches!(
                error,
                LifecycleError::Elsewhere { .. } | LifecycleError::AlreadyExists { .. }
            ),
            "{error:?}"
        );
    }
    assert!(pool.clone_tenant(name("moved"), name("copy")).await.is_err());

    // A program that knows only that server may migrate it, and nothing else.
    let direct = TenantPool::builder(second())
        .shared_schema(format!("general{}", general.number))
        .build()
        .await
        .unwrap();
    direct.migrate_tenant(name("schema"), NoMigrations).await.unwrap();
    let shard = pool.using_database("shard1").pool().await.unwrap();
    for refused in [
        shard.drop_tenant(name("schema")).await,
        direct.rename_tenant(name("schema"), name("x")).await,
        direct.suspend_tenant(name("schema")).await,
        direct.archive_tenant(name("schema")).await.map(drop),
        direct.drop_tenant(name("schema")).await,
    ] {
        let error = chain(&refused.unwrap_err());
        assert!(error.contains("the directory of another database"), "{error}");
    }
    let report = pool
        .using_database("shard1")
        .pool()
        .await
        .unwrap()
        .migrate_tenants(NoMigrations)
        .run()
        .await
        .unwrap();
    assert_eq!(report.tenants.len(), 1);

    let counted = pool
        .each_tenant()
        .run(|mut conn| async move { crate::tables::items::table.count().get_result::<i64>(&mut conn).await });
    assert_eq!(counted.await.unwrap().all().unwrap().len(), 2);
    pool.drop_tenant(name("moved")).await.unwrap();
    assert_eq!(general.rows().await, ["here here active"]);
    let left = direct.all_tenants().await.unwrap();
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test]
async fn a_place_where_another_tenant_lives_is_not_taken_even_after_a_crash() {
    let general = General::new(with_shard).await;
    let (pool, theirs, mine) = (&general.pool, general.name("theirs"), general.name("mine"));
    let direct = TenantPool::builder(second())
        .shared_schema(format!("general{}", general.number))
        .build()
        .await
        .unwrap();
    direct.create_tenant(&theirs, NoMigrations).await.unwrap();
    on_second(&format!("CREATE DATABASE {theirs}2")).await;
    for taken in [theirs.clone(), format!("{theirs}2")] {
        let placed = pool.place_tenant(&mine, place(&taken), NoMigrations).await;
        assert!(
            matches!(placed, Err(LifecycleError::AlreadyExists { .. })),
            "{placed:?}"
        );
        assert!(general.rows().await.is_empty());
    }
    // A crash after the directory's row: then somebody else makes a tenant of that name there.
    let row = "INSERT INTO general.tenants (name, schema_name, database_name, status) VALUES";
    general
        .run(&format!("{row} ('{mine}', '{theirs}', 'shard1', 'unfinished')"))
        .await
        .unwrap();
    let placed = pool.place_tenant(&mine, place(&theirs), NoMigrations).await;
    assert!(placed.is_err());
    assert!(pool.for_tenant(&mine).get().await.is_err());
    let dropped = pool.drop_tenant(&mine).await;
    assert!(matches!(dropped, Err(LifecycleError::Elsewhere { .. })), "{dropped:?}");
    direct.for_tenant(&theirs).get().await.unwrap();
    general
        .run(&format!("DELETE FROM general.tenants WHERE name = '{mine}'"))
        .await
        .unwrap();
    // A crash before anything was made there, and before the directory heard that all is made.
    general
        .run(&format!("{row} ('{mine}', '{mine}', 'shard1', 'unfinished')"))
        .await
        .unwrap();
    assert!(matches!(
        pool.for_tenant(&mine).get().await.unwrap_err(),
        CheckoutError::UnknownTenant { .. }
    ));
    pool.place_tenant(&mine, place(&mine), NoMigrations).await.unwrap();
    pool.for_tenant(&mine).get().await.unwrap();
    general
        .run(&format!(
            "UPDATE general.tenants SET status = 'unfinished' WHERE name = '{mine}'"
        ))
        .await
        .unwrap();
    pool.place_tenant(&mine, place(&mine), NoMigrations).await.unwrap();
    pool.for_tenant(&mine).get().await.unwrap();
    // A crash in the middle of a drop.
    general
        .run(&format!(
            "UPDATE general.tenants SET status = 'unfinished' WHERE name = '{mine}'"
        ))
        .await
        .unwrap();
    pool.drop_tenant(&mine).await.unwrap();
    assert!(general.rows().await.is_empty());
}

#[tokio::test]
async fn policies_place_new_tenants_and_an_unknown_database_is_an_error_that_names_the_declared() {
    let fewest = |builder| with_shard(builder).placement_policy(FewestTenants::among(["shard1"]).or_main());
    let general = General::new(fewest).await;
    for tenant in ["a", "b", "c"] {
        general
            .pool
            .create_tenant(general.name(tenant), NoMigrations)
            .await
            .unwrap();
    }
    assert_eq!(
        general.rows().await,
        ["a a in shard1 active", "b b active", "c c in shard1 active"]
    );

    let hashed = |builder| with_shard(builder).placement_policy(Hashed::among(["shard1"]));
    let general = General::new(hashed).await;
    general
        .pool
        .ensure_tenant(general.name("a"), NoMigrations)
        .await
        .unwrap();
    assert_eq!(general.rows().await, ["a a in shard1 active"]);

    let lost = Placement::schema("x".parse().unwrap()).in_database("shard9");
    let placed = general
        .pool
        .place_tenant(general.name("lost"), lost, NoMigrations)
        .await
        .unwrap_err();
    assert!(
        chain(&placed).contains("shard9") && chain(&placed).contains("shard1"),
        "{}",
        chain(&placed)
    );
    let row = format!("('{}', 'x', 'shard9')", general.name("lost"));
    general
        .run(&format!(
            "INSERT INTO general.tenants (name, schema_name, database_name) VALUES {row}"
        ))
        .await
        .unwrap();
    let error = general.pool.for_tenant(general.name("lost")).get().await.unwrap_err();
    let CheckoutError::Database { source, .. } = &error else {
        panic!("{error}")
    };
    assert!(
        matches!(&**source, DatabaseError::Undeclared { declared, .. } if *declared == ["shard1"]),
        "{}",
        chain(&error)
    );
}

#[tokio::test]
async fn servers_are_opened_when_they_are_needed_and_as_many_as_allowed() {
    let down: MysqlUrl = "mysql://root@127.0.0.1:1".parse().unwrap();
    let here = Placement::schema("information".parse().unwrap());
    let directory = FixedDirectory::new()
        .with("down", here.clone().in_database("down"))
        .and_then(|directory| directory.with("up", here.in_database("up")))
        .unwrap();
    let pool = TenantPool::builder(crate::store::url())
        .directory(directory)
        .database("down", down)
        .databases_with(|name| {
            let url = (name == "up").then(second);
            Box::pin(async move { url })
        })
        .database_limits(DatabaseLimits::new().databases(1).connections(1))
        .wait_timeout(Duration::from_secs(1))
        .build()
        .await
        .unwrap();
    let error = pool.for_tenant("down").get().await.unwrap_err();
    assert!(
        chain(&error).contains("can't open database \"down\""),
        "{}",
        chain(&error)
    );
    let error = pool.for_tenant("up").get().await.unwrap_err();
    assert!(matches!(error, CheckoutError::MissingSchema { .. }), "{error}");
    let held = pool.using_database("up").shared().get().await.unwrap();
    let error = pool.using_database("up").shared().get().await.unwrap_err();
    assert!(matches!(error, CheckoutError::Exhausted { max_size: 1, .. }), "{error}");
    drop(held);
    pool.using_database("up").shared().get().await.unwrap();
}

/// A tenant that is being created, adopted or dropped is found by its name again, when that goes on.
#[tokio::test]
async fn an_unfinished_tenant_of_another_server_keeps_its_name() {
    let general = General::new(with_shard).await;
    let (pool, name) = (&general.pool, |name| general.name(name));
    let half = name("half");
    general
        .run(&format!(
            "INSERT INTO general.tenants (name, schema_name, database_name, status)
             VALUES ('{half}', '{half}', 'shard1', 'unfinished')"
        ))
        .await
        .unwrap();
    let rows = general.rows().await;
    let error = pool.rename_tenant(&half, name("other")).await.unwrap_err();
    assert!(
        matches!(error, LifecycleError::Elsewhere { .. }) && chain(&error).contains("repeat the call"),
        "{}",
        chain(&error)
    );
    assert_eq!(general.rows().await, rows);
    // The same call goes on, and then the tenant can be renamed.
    pool.place_tenant(&half, place(&half), NoMigrations).await.unwrap();
    pool.rename_tenant(&half, name("other")).await.unwrap();
    assert_eq!(general.rows().await, ["other half in shard1 active"]);
}

#[tokio::test]
async fn a_name_that_no_tenant_may_have_is_refused_for_a_place_as_well() {
    let general = General::new(|builder| with_shard(builder).symbolic_schema("tenant")).await;
    let (pool, name) = (&general.pool, |name| general.name(name));
    on_second("CREATE DATABASE IF NOT EXISTS tenant").await;
    for (tenant, schema) in [
        (name("one"), "tenant"),
        (name("one"), "mysql"),
        ("tenant".to_owned(), "one"),
        ("mysql".to_owned(), "one"),
    ] {
        let placed = pool.place_tenant(&*tenant, place(schema), NoMigrations).await;
        let error = placed.map(drop).unwrap_err();
        assert!(matches!(error, LifecycleError::InvalidName(_)), "{}", chain(&error));
        let error = pool.adopt_tenant(&*tenant, place(schema)).await.unwrap_err();
        assert!(matches!(error, LifecycleError::InvalidName(_)), "{}", chain(&error));
    }
    assert!(general.rows().await.is_empty());
}
