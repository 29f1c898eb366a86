//! A tenant and the application's own rows in one transaction: together, or not at all.

use std::time::Duration;

use diesel::{prelude::*, result::Error as DieselError};
use diesel_async::{AsyncConnection as _, RunQueryDsl, SimpleAsyncConnection};
use diesel_tenants::{
    CheckoutError, LifecycleError, Placement, TenantConnection, TenantPool,
    directory::{DirectoryTables, schema::domains},
    lifecycle::CreateWithError,
};
use diesel_tenants_test_support::{Database, Server, chain};

use crate::{both::Recorder, migrations::Folder};

diesel::table! { public.accounts (id) { id -> Integer, tenant -> Text } }
diesel::table! { members (id) { id -> Integer, mood -> Text } }

const MEMBERS: &str =
    "CREATE TYPE mood AS ENUM ('glad'); CREATE TABLE members (id int PRIMARY KEY, mood text NOT NULL)";

async fn store() -> (TenantPool, Database, Folder) {
    store_on(Server::shared().database()).await
}

async fn store_on(database: Database) -> (TenantPool, Database, Folder) {
    let pool = TenantPool::builder(database.url())
        .directory(DirectoryTables::new())
        .build()
        .await
        .unwrap();
    pool.prepare_directory().await.unwrap();
    database.run("CREATE TABLE accounts (id int PRIMARY KEY, tenant text NOT NULL)");
    (pool, database, Folder::of(&[("001_members", MEMBERS, "")]))
}

/// The account, the first member, and the domain.
async fn sign_up(conn: &mut TenantConnection, tenant: &str, account: i32) -> QueryResult<()> {
    diesel::insert_into(accounts::table)
        .values((accounts::id.eq(account), accounts::tenant.eq(tenant)))
        .execute(conn)
        .await?;
    diesel::insert_into(members::table)
        .values((members::id.eq(1), members::mood.eq("glad")))
        .execute(conn)
        .await?;
    diesel::insert_into(domains::table)
        .values((
            domains::domain.eq(format!("{tenant}.example")),
            domains::tenant.eq(tenant),
        ))
        .execute(conn)
        .await?;
    Ok(())
}

/// What there is of a sign-up: the schema, the account, the domain and the directory's entry.
fn found(database: &Database) -> Vec<String> {
    database.values(
        "SELECT 'schema ' || nspname FROM pg_namespace WHERE nspname LIKE 'client%' \
         UNION ALL SELECT 'account ' || id FROM public.accounts UNION ALL SELECT 'domain ' || domain FROM public.domains \
         UNION ALL SELECT 'entry ' || name FROM public.tenants ORDER BY 1",
    )
}

#[tokio::test]
async fn everything_of_a_sign_up_comes_into_being_together() {
    let (pool, database, folder) = store().await;
    // What was asked for in vain just now is remembered, and forgotten at once.
    assert!(pool.for_tenant("client1").get().await.is_err());
    assert_eq!(pool.tenant_of_domain("client1.example").await.unwrap(), None);
    let moods: Vec<String> = pool
        .create_tenant("client1", folder.migrations())
        .with(async |conn| {
            sign_up(conn, "client1", 7).await?;
            // Nobody else sees any of it yet.
            assert!(found(&database).is_empty());
            members::table.select(members::mood).load(conn).await
        })
        .await
        .unwrap();
    assert_eq!(moods, ["glad"]);
    assert_eq!(
        found(&database),
        ["account 7", "domain client1.example", "entry client1", "schema client1"]
    );
    let mut conn = pool.for_tenant("client1").get().await.unwrap();
    assert_eq!(members::table.count().get_result(&mut conn).await, Ok(1_i64));
    let owner = pool.tenant_of_domain("client1.example").await.unwrap();
    assert_eq!(owner, Some("client1".parse().unwrap()));
    assert!(
        pool.pending_tenant("client1", folder.migrations())
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn an_error_of_the_work_undoes_all_and_comes_back_as_it_was() {
    #[derive(Debug, PartialEq)]
    enum Refused {
        ByHand,
        Database(String),
    }
    impl From<DieselError> for Refused {
        fn from(error: DieselError) -> Self {
            Self::Database(error.to_string())
        }
    }

    let (pool, database, folder) = store().await;
    database.run("INSERT INTO accounts VALUES (7, 'somebody')");
    for (account, expected) in [
        (1, Refused::ByHand),
        (
            7,
            Refused::Database("duplicate key value violates unique constraint \"accounts_pkey\"".to_owned()),
        ),
    ] {
        let done = pool.create_tenant("client1", folder.migrations()).with(async |conn| {
            sign_up(conn, "client1", account).await?;
            Err::<(), _>(Refused::ByHand)
        });
        let Err(CreateWithError::Work(error)) = done.await else {
            panic!("the work's error was expected");
        };
        assert_eq!(error, expected);
        assert_eq!(found(&database), ["account 7"]);
    }
    assert!(!pool.tenant_exists("client1").await.unwrap());
    // The same name is free.
    let again = pool.create_tenant("client1", folder.migrations());
    again
        .with(async |conn| sign_up(conn, "client1", 8).await)
        .await
        .unwrap();
    assert_eq!(found(&database).len(), 5);
}

#[tokio::test]
async fn the_connection_is_like_a_checkout() {
    let (pool, _database, folder) = store().await;
    pool.create_tenant("client2", folder.migrations()).await.unwrap();
    let work = async |conn: &mut TenantConnection| {
        let path = diesel::dsl::sql::<diesel::sql_types::Text>("current_setting('search_path')");
        let path: String = diesel::select(path).get_result(conn).await?;
        assert_eq!(path.replace('"', ""), "", "no search_path of a migration is left");
        let refused = conn.batch_execute("SELECT lastval()").await.unwrap_err();
        assert!(refused.to_string().contains("`lastval`"), "{refused}");
        // A savepoint keeps the rest from being spoilt.
        let taken = conn
            .transaction(async |conn| {
                diesel::insert_into(members::table)
                    .values([
                        (members::id.eq(1), members::mood.eq("a")),
                        (members::id.eq(1), members::mood.eq("b")),
                    ])
                    .execute(conn)
                    .await
            })
            .await;
        assert!(taken.is_err());
        sign_up(conn, "client1", 1).await?;
        members::table.count().get_result::<i64>(conn).await
    };
    let members = pool.create_tenant("client1", folder.migrations()).with(work).await;
    assert_eq!(members.unwrap(), 1);
}

#[tokio::test]
async fn work_that_goes_on_after_an_error_or_ends_the_transaction_is_found_out() {
    let (pool, database, folder) = store().await;
    let swallowed = pool.create_tenant("client1", folder.migrations()).with(async |conn| {
        let _ = conn.batch_execute("SELECT 1 / 0").await;
        Ok::<_, DieselError>(())
    });
    let error = swallowed.await.unwrap_err();
    assert!(
        matches!(error, CreateWithError::Lifecycle(LifecycleError::FailedWork { .. })),
        "{error:?}"
    );
    let left_open = pool.create_tenant("client1", folder.migrations()).with(async |conn| {
        use diesel_async::TransactionManager;
        <TenantConnection as diesel_async::AsyncConnection>::TransactionManager::begin_transaction(conn).await
    });
    let error = left_open.await.unwrap_err();
    assert!(
        matches!(error, CreateWithError::Lifecycle(LifecycleError::FailedWork { .. })),
        "{error:?}"
    );
    let ended = pool
        .create_tenant("client1", folder.migrations())
        .with(async |conn| conn.batch_execute("ROLLBACK").await);
    let error = ended.await.unwrap_err();
    assert!(
        matches!(
            error,
            CreateWithError::Lifecycle(LifecycleError::EndedTransaction { .. })
        ),
        "{error:?}"
    );
    assert!(found(&database).is_empty());
}

#[tokio::test]
async fn a_future_dropped_at_any_moment_leaves_all_or_nothing() {
    let (pool, database, folder) = store().await;
    let mut given_up = 0;
    for number in 0..25_u64 {
        let tenant = format!("client{number}");
        let created = pool
            .create_tenant(&tenant, folder.migrations())
            .with(async |conn| sign_up(conn, &tenant, number as i32).await);
        let patience = Duration::from_millis(2 * number);
        given_up += usize::from(tokio::time::timeout(patience, Box::pin(created)).await.is_err());
    }
    assert!(given_up > 0, "none was given up");
    while !crate::activation::advisory_locks(&database).is_empty() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let found = found(&database);
    for number in 0..25 {
        let of_it = [
            format!("schema client{number}"),
            format!("account {number}"),
            format!("domain client{number}.example"),
            format!("entry client{number}"),
        ];
        let parts = of_it.iter().filter(|part| found.contains(part)).count();
        assert!(parts == 0 || parts == 4, "client{number}: {found:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_server_and_a_panic_leave_nothing() {
    let server = Server::start();
    let (pool, database, folder) = store_on(server.database()).await;
    let killed = pool.create_tenant("client1", folder.migrations()).with(async |conn| {
        sign_up(conn, "client1", 1).await?;
        server.stop();
        server.restart();
        Ok::<_, DieselError>(())
    });
    let error = killed.await.unwrap_err();
    assert!(chain(&error).contains("client1"), "{error:?}");
    assert!(found(&database).is_empty());

    let panicking = {
        let (pool, migrations) = (pool.clone(), folder.migrations());
        tokio::spawn(async move {
            let work = async |conn: &mut TenantConnection| -> QueryResult<()> {
                sign_up(conn, "client1", 1).await?;
                panic!("as this test wants it")
            };
            pool.create_tenant("client1", migrations).with(work).await
        })
    };
    assert!(panicking.await.is_err());
    let again = pool.create_tenant("client1", folder.migrations());
    again
        .with(async |conn| sign_up(conn, "client1", 1).await)
        .await
        .unwrap();
    assert_eq!(found(&database).len(), 4);
}

#[tokio::test]
async fn what_no_single_transaction_can_do_is_refused_before_the_work() {
    let (pool, database, folder) = store().await;
    async fn work(_: &mut TenantConnection) -> QueryResult<()> {
        panic!("the work must not be begun")
    }
    let apart = Folder::of(&[("001_members", MEMBERS, "")]).without_transaction("001_members");
    let error = pool
        .create_tenant("client1", apart.migrations())
        .with(work)
        .await
        .unwrap_err();
    assert!(
        matches!(
            error,
            CreateWithError::Lifecycle(LifecycleError::NeedsTransaction { .. })
        ),
        "{error:?}"
    );
    let elsewhere = TenantPool::builder(database.url())
        .directory(DirectoryTables::new())
        .database("shard1", database.url())
        .placement_policy(Shard)
        .build()
        .await
        .unwrap();
    let error = elsewhere
        .create_tenant("client1", folder.migrations())
        .with(work)
        .await
        .unwrap_err();
    assert!(
        matches!(error, CreateWithError::Lifecycle(LifecycleError::Elsewhere { .. })),
        "{error:?}"
    );
    let error = pool
        .create_tenant("pg_evil", folder.migrations())
        .with(work)
        .await
        .unwrap_err();
    assert!(
        matches!(error, CreateWithError::Lifecycle(LifecycleError::InvalidName(_))),
        "{error:?}"
    );
    assert!(found(&database).is_empty());
    pool.create_tenant("client1", folder.migrations()).await.unwrap();
    let error = pool
        .create_tenant("client1", folder.migrations())
        .with(work)
        .await
        .unwrap_err();
    assert!(
        matches!(error, CreateWithError::Lifecycle(LifecycleError::AlreadyExists { .. })),
        "{error:?}"
    );
}

struct Shard;

impl diesel_tenants::PlacementPolicy for Shard {
    fn place<'a>(
        &'a self,
        tenant: &'a diesel_tenants::SchemaName,
        _: &'a TenantPool,
    ) -> diesel_tenants::BoxFuture<'a, Result<Placement, Box<dyn std::error::Error + Send + Sync>>> {
        Box::pin(async { Ok(Placement::schema(tenant.clone()).in_database("shard1")) })
    }
}

#[tokio::test]
async fn a_spare_becomes_the_tenant_and_hooks_run_around_it() {
    let database = Server::shared().database();
    let recorder = Recorder::default();
    let pool = TenantPool::builder(database.url())
        .hooks(recorder.clone())
        .build()
        .await
        .unwrap();
    let folder = Folder::of(&[("001_members", MEMBERS, "")]);
    pool.prepare_spares(1, folder.migrations()).await.unwrap();
    let failed = pool
        .create_tenant("client1", folder.migrations())
        .with(async |_| Err::<(), _>("no"));
    assert!(failed.await.is_err());
    assert_eq!(recorder.take(), ["before: create tenant \"client1\""]);
    let created = pool.create_tenant("client1", folder.migrations()).with(async |conn| {
        diesel::insert_into(members::table)
            .values((members::id.eq(1), members::mood.eq("glad")))
            .execute(conn)
            .await
    });
    assert_eq!(created.await.unwrap(), 1);
    assert_eq!(
        recorder.take(),
        ["before: create tenant \"client1\"", "after: create tenant \"client1\""]
    );
    let spares = "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'diesel-tenants spare%'";
    assert!(database.values(spares).is_empty(), "the spare is the tenant now");
}

#[tokio::test]
async fn concurrent_sign_ups_by_one_name_have_one_winner() {
    let (pool, database, folder) = store().await;
    let sign_ups = (0..4).map(|account| {
        let created = pool.create_tenant("client1", folder.migrations());
        Box::pin(created.with(async move |conn| sign_up(conn, "client1", account).await))
    });
    let results = futures_util::future::join_all(sign_ups).await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1, "{results:?}");
    assert_eq!(found(&database).len(), 4);
    let checkout: Result<_, CheckoutError> = pool.for_tenant("client1").get().await;
    assert!(checkout.is_ok());
}
