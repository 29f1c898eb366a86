use std::time::{Duration, Instant};

use diesel_async::SimpleAsyncConnection;
use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use diesel_tenants::{CheckoutError, LifecycleError, TenantPool, TenantStatus};
use diesel_tenants_test_support::{Database, Server, chain};

use crate::{
    activation::advisory_locks,
    migrations::{Folder, items_only},
};

const SHARED: EmbeddedMigrations = embed_migrations!("migrations");
const TENANT: EmbeddedMigrations = embed_migrations!("tenant_migrations");

async fn store() -> (TenantPool, Database) {
    let database = Server::shared().database();
    let pool = TenantPool::builder(database.url()).max_size(3).build().await.unwrap();
    pool.migrate_shared(SHARED).await.unwrap();
    pool.create_tenant("client1", TENANT).await.unwrap();
    (pool, database)
}

fn exists(database: &Database, schema: &str) -> bool {
    let sql = format!("SELECT FROM pg_namespace WHERE nspname = '{schema}'");
    !database.query_strings(&sql).is_empty()
}

#[tokio::test]
async fn a_dropped_tenant_is_gone_and_can_be_created_anew() {
    let (pool, database) = store().await;
    for _ in 0..2 {
        pool.for_tenant("client1").get().await.unwrap();
        pool.drop_tenant("client1").await.unwrap();
        assert!(!exists(&database, "client1"));
        let error = pool.for_tenant("client1").get().await.unwrap_err();
        assert!(matches!(error, CheckoutError::UnknownTenant { .. }), "{error:?}");
        pool.create_tenant("client1", TENANT).await.unwrap();
    }
    pool.suspend_tenant("client1").await.unwrap();
    pool.drop_tenant("client1").await.unwrap();
    assert!(!exists(&database, "client1"));
}

#[tokio::test]
async fn what_is_no_tenant_is_not_dropped() {
    let (pool, database) = store().await;
    database.run("CREATE SCHEMA other; CREATE TABLE other.kept ()");
    for name in ["nobody", "other"] {
        let error = pool.drop_tenant(name).force().await.unwrap_err();
        assert!(
            matches!(&error, LifecycleError::NotFound { tenant } if tenant.as_str() == name),
            "{error:?}"
        );
    }
    for name in ["", "public", "pg_catalog"] {
        let error = pool.drop_tenant(name).force().await.unwrap_err();
        assert!(matches!(error, LifecycleError::InvalidName(_)), "{error:?}");
    }
    assert_ne!(database.query_strings("SELECT to_regclass('other.kept')"), [[None]]);
}

#[tokio::test]
async fn a_tenant_in_use_is_left_alone_and_the_user_named() {
    let (pool, database) = store().await;
    let mut conn = pool.for_tenant("client1").get().await.unwrap();
    conn.batch_execute("SET application_name = 'reporting'; BEGIN; SELECT * FROM items")
        .await
        .unwrap();
    let started = Instant::now();
    let error = pool
        .drop_tenant("client1")
        .wait(Duration::from_millis(300))
        .await
        .unwrap_err();
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    let message = chain(&error);
    assert!(
        message.starts_with("can't drop tenant \"client1\": process ") && message.contains("(\"reporting\")"),
        "{message}"
    );
    assert!(exists(&database, "client1"));
    assert_eq!(pool.tenants().await.unwrap()[0].status, TenantStatus::Active);
    conn.batch_execute("SELECT * FROM orders; COMMIT").await.unwrap();
    pool.drop_tenant("client1").await.unwrap();
}

#[tokio::test]
async fn who_uses_a_tenant_is_waited_for() {
    let (pool, _database) = store().await;
    let mut conn = pool.for_tenant("client1").get().await.unwrap();
    conn.batch_execute("BEGIN; SELECT * FROM items").await.unwrap();
    let end = async {
        tokio::time::sleep(Duration::from_millis(600)).await;
        conn.batch_execute("COMMIT").await.unwrap();
    };
    let (dropped, ()) = tokio::join!(pool.drop_tenant("client1"), end);
    dropped.unwrap();
}

#[tokio::test]
async fn force_ends_who_uses_the_tenant_and_nobody_else() {
    let (pool, database) = store().await;
    pool.create_tenant("client2", TENANT).await.unwrap();
    let mut used = pool.for_tenant("client1").get().await.unwrap();
    let mut another = pool.for_tenant("client2").get().await.unwrap();
    used.batch_execute("BEGIN; SELECT * FROM items").await.unwrap();
    another.batch_execute("BEGIN; SELECT * FROM items").await.unwrap();
    pool.drop_tenant("client1").wait(Duration::ZERO).force().await.unwrap();
    assert!(!exists(&database, "client1"));
    assert!(used.batch_execute("SELECT 1").await.is_err());
    another.batch_execute("SELECT * FROM orders; COMMIT").await.unwrap();
}

#[tokio::test]
async fn a_shared_table_in_use_is_waited_for_named_and_never_blocked_for_long() {
    let (pool, database) = store().await;
    let mut conn = pool.shared().get().await.unwrap();
    conn.batch_execute("SET application_name = 'login'; BEGIN; SELECT * FROM public.users")
        .await
        .unwrap();
    let drop = async {
        let error = pool
            .drop_tenant("client1")
            .force()
            .wait(Duration::from_millis(1500))
            .await
            .unwrap_err();
        let message = chain(&error);
        assert!(message.contains("(\"login\")"), "{message}");
    };
    let others = async {
        let mut longest = Duration::ZERO;
        for _ in 0..20 {
            let mut other = pool.shared().get().await.unwrap();
            let started = Instant::now();
            other.batch_execute("SELECT * FROM public.users").await.unwrap();
            longest = longest.max(started.elapsed());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        longest
    };
    let ((), longest) = tokio::join!(drop, others);
    assert!(longest < Duration::from_millis(900), "blocked for {longest:?}");
    assert!(
        exists(&database, "client1"),
        "force ends nobody who uses what all share"
    );
    conn.batch_execute("COMMIT").await.unwrap();
    pool.drop_tenant("client1").await.unwrap();
}

#[tokio::test]
async fn what_other_schemas_have_on_it_is_named_and_only_dropped_by_force() {
    let (pool, database) = store().await;
    database.run(
        "CREATE SCHEMA other;
         CREATE TABLE other.notes (item bigint CONSTRAINT note_item REFERENCES client1.items);
         CREATE VIEW public.report AS SELECT count(*) FROM client1.orders",
    );
    let error = pool.drop_tenant("client1").await.unwrap_err();
    let LifecycleError::Referenced { by, .. } = &error else {
        panic!("{error:?}")
    };
    assert_eq!(
        *by,
        [
            "constraint note_item on table other.notes",
            "rule _RETURN on view public.report"
        ]
    );
    pool.for_tenant("client1").get().await.unwrap();
    pool.drop_tenant("client1").force().await.unwrap();
    assert_eq!(database.query_strings("SELECT to_regclass('public.report')"), [[None]]);
    assert_ne!(database.query_strings("SELECT to_regclass('other.notes')"), [[None]]);
}

#[tokio::test]
async fn of_two_who_drop_it_at_once_one_does_and_the_other_finds_none() {
    let (pool, _database) = store().await;
    let (one, two) = tokio::join!(pool.drop_tenant("client1"), pool.drop_tenant("client1"));
    let results = [one, two];
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1, "{results:?}");
    let error = results.into_iter().find_map(Result::err).unwrap();
    assert!(matches!(error, LifecycleError::NotFound { .. }), "{error:?}");
}

#[tokio::test]
async fn a_drop_that_is_given_up_leaves_the_tenant_as_it_was() {
    let (pool, database) = store().await;
    let mut conn = pool.for_tenant("client1").get().await.unwrap();
    conn.batch_execute("BEGIN; SELECT * FROM items").await.unwrap();
    let given_up = tokio::time::timeout(Duration::from_millis(100), pool.drop_tenant("client1").into_future());
    assert!(given_up.await.is_err());
    conn.batch_execute("COMMIT").await.unwrap();
    while !advisory_locks(&database).is_empty() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    conn.batch_execute("SELECT * FROM orders").await.unwrap();
    pool.drop_tenant("client1").await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_prepared_transaction_is_named_as_what_it_is() {
    let server = Server::builder()
        .setting("max_prepared_transactions", 2)
        .start()
        .unwrap();
    let database = server.database();
    let pool = TenantPool::builder(database.url()).build().await.unwrap();
    pool.create_tenant("client1", items_only()).await.unwrap();
    database.run("BEGIN; DELETE FROM client1.items; PREPARE TRANSACTION 'two'");
    let error = pool
        .drop_tenant("client1")
        .force()
        .wait(Duration::from_millis(300))
        .await
        .unwrap_err();
    let message = chain(&error);
    assert!(
        message.starts_with("can't drop tenant \"client1\": a prepared transaction used the tenant"),
        "{message}"
    );
    database.run("ROLLBACK PREPARED 'two'");
    pool.drop_tenant("client1").await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_superuser_is_needed_from_sign_up_to_the_end() {
    let server = Server::start();
    let database = server.database();
    database.run(&format!(
        "CREATE ROLE app LOGIN PASSWORD 'secret'; GRANT CREATE ON DATABASE {} TO app; \
         CREATE TABLE public.users (id int PRIMARY KEY); GRANT REFERENCES ON public.users TO app",
        database.name()
    ));
    let url = format!("postgres://app:secret@localhost:{}/{}", server.port(), database.name());
    let pool = TenantPool::builder(url).build().await.unwrap();
    let folder = Folder::of(&[(
        "001_orders",
        "CREATE TABLE orders (id serial PRIMARY KEY, user_id int REFERENCES public.users)",
        "",
    )]);
    pool.prepare_spares(1, folder.migrations()).await.unwrap();
    pool.create_tenant("client1", folder.migrations()).await.unwrap();
    pool.suspend_tenant("client1").await.unwrap();
    pool.resume_tenant("client1").await.unwrap();
    pool.rename_tenant("client1", "client2").await.unwrap();
    let archive = pool.archive_tenant("client2").await.unwrap();
    pool.restore_tenant(&archive, "client2").await.unwrap();
    let mut conn = pool.for_tenant("client2").get().await.unwrap();
    conn.batch_execute("BEGIN; SELECT * FROM orders").await.unwrap();
    pool.drop_tenant("client2").force().await.unwrap();
    assert!(pool.all_tenants().await.unwrap().is_empty());
}

/// A server whose table of locks has room for some hundred, and a tenant that takes some thousand.
async fn large() -> (Server, Database, TenantPool) {
    let server = Server::builder()
        .setting("max_connections", 20)
        .setting("max_locks_per_transaction", 10)
        .start()
        .unwrap();
    let database = server.database();
    let pool = TenantPool::builder(database.url()).max_size(2).build().await.unwrap();
    make_large(&database, &pool).await;
    (server, database, pool)
}

async fn make_large(database: &Database, pool: &TenantPool) {
    pool.create_tenant("client1", items_only()).await.unwrap();
    database.run("CREATE TABLE client1.hub (id int PRIMARY KEY)");
    database.run("CREATE TABLE client1.parted (id int) PARTITION BY RANGE (id)");
    for chunk in 0..16 {
        let mut sql = String::new();
        for table in chunk * 10..(chunk + 1) * 10 {
            sql += &format!(
                "CREATE TABLE client1.\"t {table}\" (id serial PRIMARY KEY, name text UNIQUE, hub int REFERENCES client1.hub);"
            );
        }
        sql += &format!(
            "CREATE TABLE client1.part_{chunk} PARTITION OF client1.parted FOR VALUES FROM ({chunk}) TO ({chunk} + 1);"
        );
        database.run(&sql);
    }
    database.run(r#"CREATE VIEW client1.seen AS SELECT a.id FROM client1."t 0" a, client1."t 1""#);
}

fn tables(database: &Database) -> usize {
    let sql = "SELECT FROM pg_tables WHERE schemaname = 'client1'";
    database.query_strings(sql).len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_schema_too_large_for_the_servers_locks_is_dropped_in_parts() {
    let (_server, database, pool) = large().await;
    let mut conn = pool.shared().get().await.unwrap();
    let at_once = conn.batch_execute("DROP SCHEMA client1 CASCADE").await.unwrap_err();
    assert!(at_once.to_string().contains("out of shared memory"), "{at_once}");
    // The error comes before the locks are given back.
    conn.batch_execute("SELECT 1").await.unwrap();
    pool.for_tenant("client1").get().await.unwrap();
    pool.drop_tenant("client1").await.unwrap();
    assert!(!exists(&database, "client1"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_drop_in_parts_that_is_killed_hands_the_rest_to_nobody_and_is_finished_by_the_same_call() {
    let (server, database, pool) = large().await;
    let all = tables(&database);
    let kill = async {
        while tables(&database) > all - 40 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        server.stop();
        server.restart();
    };
    let (dropped, ()) = tokio::join!(pool.drop_tenant("client1"), kill);
    assert!(matches!(dropped, Err(LifecycleError::Drop { .. })), "{dropped:?}");
    assert!(tables(&database) > 1, "too late to kill it in the middle");
    assert!(!pool.tenant_exists("client1").await.unwrap());
    assert_eq!(pool.all_tenants().await.unwrap()[0].status, TenantStatus::Unfinished);
    pool.drop_tenant("client1").await.unwrap();
    assert!(!exists(&database, "client1"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_drop_in_parts_that_is_given_up_is_finished_by_the_same_call_or_taken_over_by_a_creation() {
    let (_server, database, pool) = large().await;
    let all = tables(&database);
    let give_up = async {
        while tables(&database) > all - 30 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::select! {
        _ = pool.drop_tenant("client1").into_future() => panic!("too late to give it up"),
        () = give_up => {}
    }
    assert!(!pool.tenant_exists("client1").await.unwrap());
    let (dropped, created) = tokio::join!(pool.drop_tenant("client1"), pool.create_tenant("client1", items_only()));
    dropped.unwrap();
    created.unwrap();
    // Whichever came first: what is there now is either nothing or all new.
    assert!(matches!(tables(&database), 0 | 2));
    pool.ensure_tenant("client1", items_only()).await.unwrap();
    pool.for_tenant("client1").get().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_leftover_is_replaced_by_a_creation_and_by_a_rename() {
    let (_server, database, pool) = large().await;
    let unfinished = "COMMENT ON TABLE client1.__diesel_schema_migrations IS 'diesel-tenants: creation unfinished'";
    database.run(unfinished);
    pool.create_tenant("client1", items_only()).await.unwrap();
    assert_eq!(tables(&database), 2);
    pool.rename_tenant("client1", "client2").await.unwrap();
    make_large(&database, &pool).await;
    database.run(unfinished);
    pool.rename_tenant("client2", "client1").await.unwrap();
    assert_eq!(tables(&database), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_schema_in_use_is_left_alone() {
    let (_server, database, pool) = large().await;
    let all = tables(&database);
    let mut conn = pool.for_tenant("client1").get().await.unwrap();
    conn.batch_execute("BEGIN; SELECT * FROM \"t 7\"").await.unwrap();
    for error in [
        pool.drop_tenant("client1").wait(Duration::ZERO).await.unwrap_err(),
        pool.rename_tenant("client1", "x")
            .wait(Duration::ZERO)
            .await
            .unwrap_err(),
    ] {
        assert!(
            matches!(&error, LifecycleError::InUse { by, .. } if by.len() == 1),
            "{error:?}"
        );
    }
    assert_eq!(tables(&database), all);
    conn.batch_execute("COMMIT").await.unwrap();
}
