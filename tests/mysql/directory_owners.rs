//! A tenant on another server belongs to one directory, whichever others declare that server too.

use std::{sync::LazyLock, time::Duration};

use diesel_async::{AsyncConnection, AsyncMysqlConnection, SimpleAsyncConnection};
use diesel_tenants::{
    CheckoutError, LifecycleError, Mysql, MysqlUrl, Placement, TenantPool, TenantStatus, directory::DirectoryTables,
};
use diesel_tenants_test_support::{MariaDb, chain};

use crate::{
    directory::General,
    placements::{on_second, place, second, second_address, with_shard},
    store::{NoMigrations, url},
};

/// Another main server, with a directory of its own.
static THIRD: LazyLock<MariaDb> =
    LazyLock::new(|| MariaDb::start().unwrap_or_else(|error| panic!("{}", chain(&error))));

/// A directory that has the same shard and the same name of the shared database.
async fn other_directory(general: &General, main: MysqlUrl) -> TenantPool<Mysql> {
    let builder = TenantPool::builder(main).shared_schema(format!("general{}", general.number));
    let builder = with_shard(builder)
        .directory(DirectoryTables::new())
        .reuse_after(Duration::ZERO);
    let pool = builder.build().await.unwrap();
    pool.prepare_directory().await.unwrap();
    pool
}

async fn third(general: &General) -> TenantPool<Mysql> {
    other_directory(general, THIRD.url().parse().unwrap()).await
}

/// A program that knows only the shard, and no directory.
async fn direct(general: &General) -> TenantPool<Mysql> {
    let builder = TenantPool::builder(second()).shared_schema(format!("general{}", general.number));
    builder.build().await.unwrap()
}

/// The shard's lock on a tenant, as long as the connection lives.
async fn shards_lock(general: &General, tenant: &str) -> AsyncMysqlConnection {
    let locks = format!("general{}.__diesel_tenants_locks", general.number);
    let mut holder = AsyncMysqlConnection::establish(&second_address()).await.unwrap();
    holder
        .batch_execute(&format!(
            "INSERT IGNORE INTO {locks} (name) VALUES ('{tenant}');
             START TRANSACTION;
             UPDATE {locks} SET name = name WHERE name = '{tenant}'"
        ))
        .await
        .unwrap();
    holder
}

/// What a directory says of a tenant, by its tables.
async fn listed(pool: &TenantPool<Mysql>, tenant: &str) -> Option<TenantStatus> {
    let listed = diesel_tenants::TenantDirectory::list(&DirectoryTables::new(), pool).await;
    let listed = listed.unwrap().unwrap();
    let found = listed.into_iter().find(|(name, _)| name.as_str() == tenant);
    found.map(|(_, entry)| entry.status)
}

async fn until_unfinished(pool: &TenantPool<Mysql>, tenant: &str) {
    while listed(pool, tenant).await != Some(TenantStatus::Unfinished) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn is_others(error: &LifecycleError) -> bool {
    matches!(error, LifecycleError::OthersDirectory { make_own, .. } if make_own.contains("placed_by = NULL"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_directories_that_adopt_a_tenant_at_once_one_gets_it() {
    let general = General::new(with_shard).await;
    let (one, other, name) = (general.pool.clone(), third(&general).await, general.name("one"));
    direct(&general).await.create_tenant(&name, NoMigrations).await.unwrap();
    let lock = shards_lock(&general, &name).await;
    let adopt = |pool: &TenantPool<Mysql>| {
        let (pool, name) = (pool.clone(), name.clone());
        tokio::spawn(async move { pool.adopt_tenant(&*name, place(&name)).await })
    };
    let adopted = [adopt(&one), adopt(&other)];
    // Both have seen that the tenant is free.
    until_unfinished(&one, &name).await;
    until_unfinished(&other, &name).await;
    drop(lock);
    let mut refused = 0;
    for (pool, adopted) in [&one, &other].into_iter().zip(adopted) {
        match adopted.await.unwrap() {
            Ok(()) => {
                assert_eq!(listed(pool, &name).await, Some(TenantStatus::Active));
                pool.for_tenant(&*name).get().await.unwrap();
            }
            Err(error) => {
                assert!(is_others(&error), "{}", chain(&error));
                assert_eq!(listed(pool, &name).await, None);
                refused += 1;
            }
        }
    }
    assert_eq!(refused, 1);
}

#[tokio::test]
async fn an_unfinished_row_takes_nothing_from_the_directory_that_owns_the_tenant() {
    for placed in [true, false] {
        let general = General::new(with_shard).await;
        let (owner, other, name) = (&general.pool, third(&general).await, general.name("one"));
        // The other directory's process died after the first step.
        let row = format!("('{name}', '{name}', 'shard1', 'unfinished')");
        let row = format!("INSERT INTO tenants (name, schema_name, database_name, status) VALUES {row}");
        let shared = format!("USE general{};", general.number);
        let mut conn = AsyncMysqlConnection::establish(&THIRD.url()).await.unwrap();
        conn.batch_execute(&(shared + &row)).await.unwrap();
        match placed {
            true => drop(owner.place_tenant(&name, place(&name), NoMigrations).await.unwrap()),
            false => {
                direct(&general).await.create_tenant(&name, NoMigrations).await.unwrap();
                owner.adopt_tenant(&name, place(&name)).await.unwrap();
            }
        }
        let adopted = other.adopt_tenant(&name, place(&name)).await;
        assert!(is_others(adopted.as_ref().unwrap_err()), "{adopted:?}");
        let made = other.place_tenant(&name, place(&name), NoMigrations).await;
        assert!(matches!(made, Err(LifecycleError::AlreadyExists { .. })), "{made:?}");
        let resumed = other.resume_tenant(&name).await;
        assert!(matches!(resumed, Err(LifecycleError::Elsewhere { .. })), "{resumed:?}");
        let dropped = other.drop_tenant(&name).await.unwrap_err();
        assert!(
            chain(&dropped).contains("belongs to another directory"),
            "{}",
            chain(&dropped)
        );
        let shard = other.using_database("shard1").pool().await.unwrap();
        let dropped = shard.drop_tenant(&name).await.unwrap_err();
        assert!(is_others(&dropped), "{}", chain(&dropped));
        assert_eq!(listed(&other, &name).await, Some(TenantStatus::Unfinished));
        owner.for_tenant(&name).get().await.unwrap();
        // A row of SQL changes nothing about that.
        conn.batch_execute(&format!(
            "UPDATE general{}.tenants SET status = 'active'",
            general.number
        ))
        .await
        .unwrap();
        assert!(other.drop_tenant(&name).await.is_err());
        owner.for_tenant(&name).get().await.unwrap();
        owner.drop_tenant(&name).await.unwrap();
        assert_eq!(listed(owner, &name).await, None);
    }
}

#[tokio::test]
async fn a_tenant_that_the_directory_of_its_own_server_lists_is_neither_adopted_nor_dropped() {
    let general = General::new(with_shard).await;
    let (pool, name) = (&general.pool, general.name("one"));
    let shards_own = other_directory(&general, second()).await;
    shards_own.create_tenant(&name, NoMigrations).await.unwrap();
    let adopted = pool.adopt_tenant(&name, place(&name)).await.unwrap_err();
    let told = chain(&adopted);
    assert!(
        told.contains("the directory of the tenant's own server lists"),
        "{told}"
    );
    assert!(general.rows().await.is_empty());
    shards_own.suspend_tenant(&name).await.unwrap();
    shards_own.resume_tenant(&name).await.unwrap();
    let shard = pool.using_database("shard1").pool().await.unwrap();
    let dropped = shard.drop_tenant(&name).await.unwrap_err();
    assert!(chain(&dropped).contains("own server lists"), "{}", chain(&dropped));
    // Without the row there, it is free.
    let delete = format!("DELETE FROM general{}.tenants", general.number);
    on_second(&delete).await;
    pool.adopt_tenant(&name, place(&name)).await.unwrap();
    let row = format!(
        "INSERT INTO general{}.tenants (name, schema_name) VALUES ('{name}', '{name}')",
        general.number
    );
    on_second(&row).await;
    let dropped = pool.drop_tenant(&name).await.unwrap_err();
    assert!(chain(&dropped).contains("own server lists"), "{}", chain(&dropped));
    assert_eq!(general.rows().await, ["one one in shard1 active"]);
    pool.for_tenant(&name).get().await.unwrap();
    on_second(&delete).await;
    pool.drop_tenant(&name).await.unwrap();
    assert!(general.rows().await.is_empty());
}

#[tokio::test]
async fn another_name_of_the_own_server_is_no_other_server() {
    let general = General::new(|builder| builder.database("alias", url())).await;
    let (pool, name) = (&general.pool, |name| general.name(name));
    pool.create_tenant(name("a"), NoMigrations).await.unwrap();
    let rows = general.rows().await;
    let alias = |schema: String| Placement::schema(schema.parse().unwrap()).in_database("alias");
    for refused in [
        pool.adopt_tenant(name("b"), alias(name("a"))).await,
        pool.adopt_tenant(name("a2"), alias(name("a"))).await,
        pool.place_tenant(name("c"), alias(name("c")), NoMigrations)
            .await
            .map(drop),
    ] {
        let error = chain(&refused.unwrap_err());
        assert!(error.contains("is the pool's own"), "{error}");
    }
    let dropped = pool.using_database("alias").pool().await.unwrap();
    let dropped = dropped.drop_tenant(name("a")).await.unwrap_err();
    assert!(chain(&dropped).contains("own server lists"), "{}", chain(&dropped));
    assert_eq!(general.rows().await, rows);
    // A row that was written by SQL.
    let row = format!("('{}', '{}', 'alias')", name("b"), name("a"));
    general
        .run(&format!(
            "INSERT INTO general.tenants (name, schema_name, database_name) VALUES {row}"
        ))
        .await
        .unwrap();
    assert!(pool.drop_tenant(name("b")).await.is_err());
    pool.for_tenant(name("a")).get().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_suspension_in_the_middle_of_an_adoption_is_not_lost() {
    let general = General::new(with_shard).await;
    let (pool, name) = (&general.pool, general.name("one"));
    direct(&general).await.create_tenant(&name, NoMigrations).await.unwrap();
    let mut lock = shards_lock(&general, &name).await;
    let adopted = {
        let (pool, name) = (pool.clone(), name.clone());
        tokio::spawn(async move { pool.adopt_tenant(&*name, place(&name)).await })
    };
    until_unfinished(pool, &name).await;
    // As the program does it that has the lock.
    let registry = format!("general{}.__diesel_tenants", general.number);
    let suspend = format!("UPDATE {registry} SET status = 'suspended' WHERE name = '{name}'; COMMIT");
    lock.batch_execute(&suspend).await.unwrap();
    adopted.await.unwrap().unwrap();
    assert_eq!(general.rows().await, ["one one in shard1 suspended"]);
    let error = pool.for_tenant(&name).get().await.unwrap_err();
    assert!(matches!(error, CheckoutError::SuspendedTenant { .. }), "{error}");
}

#[tokio::test]
async fn an_adopted_tenant_stays_suspended_on_its_server_until_the_directory_resumes_it() {
    let general = General::new(with_shard).await;
    let (pool, direct, name) = (&general.pool, direct(&general).await, general.name("one"));
    direct.create_tenant(&name, NoMigrations).await.unwrap();
    direct.suspend_tenant(&name).await.unwrap();
    pool.adopt_tenant(&name, place(&name)).await.unwrap();
    let refused = |checkout: Result<_, CheckoutError>| {
        let error = checkout.map(drop).unwrap_err();
        assert!(matches!(error, CheckoutError::SuspendedTenant { .. }), "{error}");
    };
    refused(direct.for_tenant(&name).get().await);
    refused(pool.for_tenant(&name).get().await);
    let resumed = direct.resume_tenant(&name).await.unwrap_err();
    assert!(is_others(&resumed), "{}", chain(&resumed));
    pool.resume_tenant(&name).await.unwrap();
    pool.for_tenant(&name).get().await.unwrap();
    assert_eq!(direct.all_tenants().await.unwrap()[0].status, TenantStatus::Active);
}

#[tokio::test]
async fn a_directory_adopts_again_what_it_owns_and_has_forgotten() {
    let general = General::new(with_shard).await;
    let (pool, name) = (&general.pool, general.name("one"));
    pool.place_tenant(&name, place(&name), NoMigrations).await.unwrap();
    let thief = pool.adopt_tenant("thief", place(&name)).await.unwrap_err();
    assert!(
        matches!(&thief, LifecycleError::OthersSchema { owner, .. } if owner.as_str() == name),
        "{thief:?}"
    );
    general.run("DELETE FROM general.tenants").await.unwrap();
    pool.adopt_tenant(&name, place(&name)).await.unwrap();
    assert_eq!(general.rows().await, ["one one in shard1 active"]);
    pool.for_tenant(&name).get().await.unwrap();
}
