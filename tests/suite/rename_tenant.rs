use std::{cell::Cell, time::Duration};

use diesel::{migration::MigrationSource, pg::Pg, prelude::*};
use diesel_async::{AsyncConnection, RunQueryDsl, SimpleAsyncConnection};
use diesel_tenants::{CheckoutError, LifecycleError, TenantPool};
use diesel_tenants_test_support::{Database, Server, chain};

use crate::{
    activation::advisory_locks,
    migrations::Folder,
    types::{OrderStatus, Status},
};

diesel::table! {
    use diesel::sql_types::*;
    use super::OrderStatus;

    parcels (id) {
        id -> Integer,
        owner -> Text,
        status -> OrderStatus,
    }
}

diesel::table! { lorries (id) { id -> Integer, owner -> Text } }
diesel::allow_tables_to_appear_in_same_query!(parcels, lorries);

const UP: &str = "CREATE TYPE order_status AS ENUM ('new', 'sent');
    CREATE TABLE parcels (id serial PRIMARY KEY, owner text NOT NULL, status order_status NOT NULL);
    CREATE TABLE lorries (id serial PRIMARY KEY, owner text NOT NULL)";

fn migrations() -> impl MigrationSource<Pg> + Send + Sync + 'static {
    Folder::of(&[("001_parcels", UP, "")])
}

async fn pool_of(database: &Database) -> TenantPool {
    TenantPool::builder(database.url())
        .max_size(2)
        .migration_lock_timeout(Duration::from_secs(5))
        .build()
        .await
        .unwrap()
}

async fn create(pool: &TenantPool, database: &Database, tenant: &str, owner: &str) {
    pool.create_tenant(tenant, migrations()).await.unwrap();
    database.run(&format!(
        "INSERT INTO {tenant}.parcels (owner, status) VALUES ('{owner}', 'sent');
         INSERT INTO {tenant}.lorries (owner) VALUES ('{owner}')"
    ));
}

async fn tenants(names: &[&str]) -> (TenantPool, Database) {
    let database = Server::shared().database();
    let pool = pool_of(&database).await;
    for name in names {
        create(&pool, &database, name, name).await;
    }
    (pool, database)
}

/// Whose data a tenant's name leads to, by a prepared statement that binds a value of the tenant's enum.
async fn owner(pool: &TenantPool, tenant: &str) -> Result<String, Box<dyn std::error::Error>> {
    let mut conn = pool.for_tenant(tenant).get().await?;
    let owner = parcels::table
        .filter(parcels::status.eq(Status::Sent))
        .select(parcels::owner)
        .first(&mut conn)
        .await?;
    Ok(owner)
}

/// The same, of a statement without binds.
async fn owner_of_lorry(pool: &TenantPool, tenant: &str) -> Result<String, Box<dyn std::error::Error>> {
    let mut conn = pool.for_tenant(tenant).get().await?;
    Ok(lorries::table.select(lorries::owner).first(&mut conn).await?)
}

#[tokio::test]
async fn a_renamed_tenant_has_its_data_and_the_old_name_is_unknown() {
    let (pool, _database) = tenants(&["a"]).await;
    assert_eq!(owner(&pool, "a").await.unwrap(), "a");
    pool.rename_tenant("a", "It's \"x\"; --").await.unwrap();
    assert_eq!(owner(&pool, "It's \"x\"; --").await.unwrap(), "a");
    let error = pool.for_tenant("a").get().await.unwrap_err();
    assert!(matches!(error, CheckoutError::UnknownTenant { .. }), "{error:?}");
    assert!(
        pool.pending_tenant("It's \"x\"; --", migrations())
            .await
            .unwrap()
            .is_empty(),
        "it is as migrated as it was"
    );
}

#[tokio::test]
async fn the_old_name_can_be_given_to_a_new_tenant_whose_types_are_others() {
    let (pool, database) = tenants(&["a"]).await;
    for round in 0..3 {
        owner(&pool, "a").await.unwrap();
        pool.rename_tenant("a", format!("x{round}")).await.unwrap();
        if round > 0 {
            assert!(pool.for_tenant("a").get().await.is_err());
        }
        create(&pool, &database, "a", &format!("new {round}")).await;
        assert_eq!(owner(&pool, "a").await.unwrap(), format!("new {round}"));
    }
    assert_eq!(owner(&pool, "x0").await.unwrap(), "a");
    assert_eq!(owner(&pool, "x2").await.unwrap(), "new 1");
}

#[tokio::test]
async fn two_names_are_swapped_under_hot_connections_of_two_processes() {
    let (pool, database) = tenants(&["a", "b"]).await;
    let other = pool_of(&database).await;
    for pool in [&pool, &other] {
        for tenant in ["a", "b", "a", "b"] {
            assert_eq!(owner(pool, tenant).await.unwrap(), tenant);
            assert_eq!(owner_of_lorry(pool, tenant).await.unwrap(), tenant);
        }
    }
    for (from, to) in [("a", "x"), ("b", "a"), ("x", "b")] {
        pool.rename_tenant(from, to).await.unwrap();
    }
    for (name, right) in [("a", "b"), ("b", "a"), ("a", "b")] {
        assert_eq!(owner(&pool, name).await.unwrap(), right);
        assert_eq!(owner_of_lorry(&pool, name).await.unwrap(), right);
        // The other process has the OIDs of the types that were there before: an error will do.
        if let Ok(owner) = owner(&other, name).await {
            assert_eq!(owner, right);
        }
        assert_eq!(owner_of_lorry(&other, name).await.unwrap(), right);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_names_are_swapped_no_statement_and_no_transaction_sees_two_tenants() {
    let (pool, database) = tenants(&["a", "b"]).await;
    let other = pool_of(&database).await;
    let (over, seen) = (Cell::new(false), Cell::new(0));
    let swap = async {
        let mut renamed = 0;
        for (from, to) in [("a", "x"), ("b", "a"), ("x", "b")].iter().cycle().take(36) {
            let wait = Duration::from_secs(20);
            pool.rename_tenant(*from, *to).wait(wait).await.unwrap();
            renamed += 1;
        }
        over.set(true);
        renamed
    };
    let read = async |pool: &TenantPool, pause| {
        let pause = Duration::from_millis(pause);
        while !over.get() {
            let Ok(mut conn) = pool.for_tenant("a").get().await else {
                continue;
            };
            let joined: Vec<(String, String)> = parcels::table
                .inner_join(lorries::table.on(lorries::id.eq(parcels::id)))
                .select((parcels::owner, lorries::owner))
                .load(&mut conn)
                .await
                .unwrap_or_default();
            let apart: QueryResult<(String, String)> = conn
                .transaction(async |conn| {
                    let parcel = parcels::table.select(parcels::owner).first(conn).await?;
                    tokio::time::sleep(pause).await;
                    let lorry = lorries::table.select(lorries::owner).first(conn).await?;
                    Ok((parcel, lorry))
                })
                .await;
            for (one, two) in joined.into_iter().chain(apart) {
                assert_eq!(one, two, "rows of two tenants");
                seen.set(seen.get() + 1);
            }
        }
    };
    let (renamed, ..) = tokio::join!(swap, read(&pool, 0), read(&pool, 60), read(&other, 0), read(&other, 60));
    assert_eq!(renamed, 36);
    assert!(seen.get() > 20, "{seen:?}");
}

#[tokio::test]
async fn a_transaction_on_the_tenant_is_waited_for_and_named_if_it_does_not_end() {
    let (pool, _database) = tenants(&["a"]).await;
    let mut conn = pool.for_tenant("a").get().await.unwrap();
    conn.batch_execute("SET application_name = 'reporting'; BEGIN; SELECT * FROM parcels")
        .await
        .unwrap();
    let error = pool
        .rename_tenant("a", "x")
        .wait(Duration::from_millis(400))
        .await
        .unwrap_err();
    let LifecycleError::InUse { by, .. } = &error else {
        panic!("{error:?}")
    };
    assert_eq!(by.len(), 1, "{by:?}");
    assert_eq!(by[0].application, "reporting");
    let message = chain(&error);
    assert!(
        message.starts_with("can't rename tenant \"a\" to \"x\": process ")
            && message.contains("(\"reporting\") of user"),
        "{message}"
    );
    // Nothing happened to it, and it goes on with the tenant that it began with.
    let one: String = lorries::table.select(lorries::owner).first(&mut conn).await.unwrap();
    assert_eq!(one, "a");
    let end = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        conn.batch_execute("COMMIT").await.unwrap();
    };
    let (renamed, ()) = tokio::join!(pool.rename_tenant("a", "x"), end);
    renamed.unwrap();
    // A checkout from before finds nothing under the old name.
    let error = lorries::table
        .select(lorries::owner)
        .first::<String>(&mut conn)
        .await
        .unwrap_err();
    assert!(error.to_string().contains("does not exist"), "{error}");
}

#[tokio::test]
async fn opposite_renames_at_once_do_not_block_each_other() {
    let (pool, _database) = tenants(&["a", "b"]).await;
    for _ in 0..10 {
        let (one, two) = tokio::join!(pool.rename_tenant("a", "b"), pool.rename_tenant("b", "a"));
        for error in [one.unwrap_err(), two.unwrap_err()] {
            assert!(matches!(error, LifecycleError::AlreadyExists { .. }), "{error:?}");
        }
    }
    let results = tokio::join!(pool.rename_tenant("a", "x"), pool.rename_tenant("a", "y"));
    let results = [results.0, results.1];
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1, "{results:?}");
    let error = results.into_iter().find_map(Result::err).unwrap();
    assert!(matches!(error, LifecycleError::NotFound { .. }), "{error:?}");
}

#[tokio::test]
async fn a_taken_name_is_left_alone_but_for_what_a_crash_left_there() {
    let (pool, database) = tenants(&["a", "b"]).await;
    database.run("CREATE SCHEMA other; CREATE TABLE other.kept ()");
    for taken in ["a", "b", "other"] {
        let error = pool.rename_tenant("a", taken).await.unwrap_err();
        assert!(
            matches!(&error, LifecycleError::AlreadyExists { tenant } if tenant.as_str() == taken),
            "{error:?}"
        );
    }
    assert_eq!(owner(&pool, "b").await.unwrap(), "b");
    assert_ne!(database.query_strings("SELECT to_regclass('other.kept')"), [[None]]);
    database.run("COMMENT ON TABLE b.__diesel_schema_migrations IS 'diesel-tenants: creation unfinished'");
    pool.rename_tenant("a", "b").await.unwrap();
    assert_eq!(owner(&pool, "b").await.unwrap(), "a");
}

#[tokio::test]
async fn what_is_no_tenant_has_no_name_to_change() {
    let (pool, database) = tenants(&["a"]).await;
    database.run(
        "CREATE SCHEMA other; COMMENT ON TABLE a.__diesel_schema_migrations IS 'diesel-tenants: creation unfinished'",
    );
    for from in ["nobody", "other", "a"] {
        let error = pool.rename_tenant(from, "x").await.unwrap_err();
        assert!(
            matches!(&error, LifecycleError::NotFound { tenant } if tenant.as_str() == from),
            "{error:?}"
        );
    }
    for (from, to) in [("", "x"), ("a", "public"), ("a", "pg_x")] {
        let error = pool.rename_tenant(from, to).await.unwrap_err();
        assert!(matches!(error, LifecycleError::InvalidName(_)), "{error:?}");
    }
}

#[tokio::test]
async fn a_rename_that_is_given_up_leaves_the_old_name_and_no_locks() {
    let (pool, database) = tenants(&["a"]).await;
    let mut conn = pool.for_tenant("a").get().await.unwrap();
    conn.batch_execute("BEGIN; SELECT * FROM parcels").await.unwrap();
    let given_up = tokio::time::timeout(Duration::from_millis(100), pool.rename_tenant("a", "x").into_future());
    assert!(given_up.await.is_err());
    drop(conn);
    while !advisory_locks(&database).is_empty() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(owner(&pool, "a").await.unwrap(), "a");
    pool.rename_tenant("a", "x").await.unwrap();
}
