//! What is no leak.

use diesel_async::SimpleAsyncConnection;
use diesel_tenants::{MysqlUrl, TenantPool, testing::isolation::audit};

use super::store::{Store, add, names, run};

const SETTINGS: &str = "SELECT @@GLOBAL.userstat, @@GLOBAL.general_log, @@GLOBAL.log_output, \
     (SELECT COUNT(*) FROM mysql.general_log)";

#[tokio::test]
async fn work_of_the_tenants_own_is_no_leak_and_the_server_is_left_as_it_was() {
    let store = Store::new().await;
    let pool = &store.pool;
    let mut session = store.session();
    let before = run(&mut session, &[SETTINGS]);
    for round in 0..10 {
        let report = audit(pool, "tenant_a").run(async || {
            add(pool, "tenant_a", &format!("user{round}")).await;
            drop(pool.shared().get().await.unwrap());
            pool.tenants().await.unwrap();
            names(pool, "tenant_a").await.len()
        });
        assert_eq!(report.await.unwrap().assert_isolated(), round + 2);
    }
    assert_eq!(run(&mut session, &[SETTINGS]), before);
    assert_eq!(before, [["0", "0", "FILE", "0"]]);
}

#[tokio::test]
async fn a_server_that_counts_and_logs_already_goes_on() {
    let store = Store::new().await;
    let mut session = store.session();
    run(
        &mut session,
        &[
            "SET GLOBAL userstat = 1",
            "SET GLOBAL log_output = 'TABLE'",
            "SET GLOBAL general_log = 1",
        ],
    );
    let report = store.audited(async || names(&store.pool, "tenant_b").await).await;
    assert_eq!(report.leaks().len(), 1);
    let [settings] = &*run(&mut session, &[SETTINGS]) else {
        panic!("one row");
    };
    assert_eq!(settings[..3], ["1", "1", "TABLE"]);
    assert_ne!(settings[3], "0");
}

#[tokio::test]
async fn shared_tables_temporary_tables_and_the_catalogs_are_no_leak() {
    let store = Store::new().await;
    run(
        &mut store.session(),
        &[
            "CREATE TABLE public.accounts (id INT PRIMARY KEY, name TEXT)",
            "INSERT INTO public.accounts VALUES (1, 'one'), (2, 'two')",
            "CREATE TABLE tenant_b.notes (account INT, \
             FOREIGN KEY (account) REFERENCES public.accounts (id) ON DELETE CASCADE ON UPDATE CASCADE)",
            "INSERT INTO tenant_b.notes VALUES (2)",
        ],
    );
    let work = "UPDATE public.accounts SET name = 'changed';
        DELETE FROM public.accounts WHERE id = 1;
        INSERT INTO public.accounts SELECT MAX(id) + 1, MAX(name) FROM public.accounts;
        SELECT name, COUNT(*) FROM users GROUP BY name ORDER BY 2 DESC;
        CREATE TEMPORARY TABLE scratch (id INT);
        INSERT INTO scratch SELECT id FROM users UNION SELECT id FROM public.accounts;
        SELECT * FROM scratch;
        DROP TEMPORARY TABLE scratch;
        SELECT SCHEMA_NAME FROM information_schema.SCHEMATA;
        SELECT * FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = 'tenant_a'";
    let report = store
        .audited(async || {
            let mut conn = store.pool.for_tenant("tenant_a").get().await.unwrap();
            for sql in work.split(';') {
                conn.batch_execute(sql)
                    .await
                    .unwrap_or_else(|error| panic!("{sql}: {error}"));
            }
        })
        .await;
    assert!(report.unwatched().is_empty());
    report.assert_isolated();
}

#[tokio::test]
async fn a_schema_that_is_allowed_is_no_leak() {
    let store = Store::new().await;
    let report = audit(&store.pool, "tenant_a")
        .allow("tenant_b")
        .run(async || names(&store.pool, "tenant_b").await);
    assert_eq!(report.await.unwrap().assert_isolated(), ["Ada"]);
}

#[tokio::test]
async fn a_replica_that_the_work_used_is_named_as_not_watched() {
    let store = Store::new().await;
    let url: MysqlUrl = store.server.url().parse().unwrap();
    let pool = TenantPool::builder(url.clone()).replica(url).build().await.unwrap();
    let report = audit(&pool, "tenant_a")
        .run(async || drop(pool.for_tenant("tenant_a").read_only().get().await.unwrap()))
        .await
        .unwrap();
    let [unwatched] = report.unwatched() else {
        panic!("{report}");
    };
    assert!(unwatched.contains("replicas"), "{report}");
    report.assert_isolated();
}
