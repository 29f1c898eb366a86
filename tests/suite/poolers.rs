//! What stands between: PgBouncer, in every way in which it may be set up, and Pgpool-II. Each shows every tenant its
//! own rows; where there are no transactions, the pool is not built.

use std::time::Duration;

use diesel::{prelude::*, sql_types::Text};
use diesel_async::{AsyncConnection, RunQueryDsl, SimpleAsyncConnection};
use diesel_tenants::{
    BuildError, CheckoutError, ConnectError, Placement, PostgresConnection, RefusedStatement, TenantPool,
    TenantPoolBuilder, directory::FixedDirectory, migrations::NoMigrations,
};
use diesel_tenants_test_support::{Database, PgBouncer, Pgpool, Server, chain};
use futures_util::future::join_all;

const TENANTS: [&str; 2] = ["client1", "client2"];

/// Two tenants in schemas, and a role that is held back by policies.
struct Behind {
    database: Database,
    role: String,
}

impl Behind {
    fn new() -> Self {
        let database = Server::shared().database();
        let role = format!("app_{}", database.name());
        database.run(&format!(
            "CREATE ROLE {role} LOGIN PASSWORD 'x'; ALTER ROLE {role} SET search_path = ''"
        ));
        for tenant in TENANTS {
            database.run(&format!(
                "CREATE SCHEMA {tenant}; CREATE TABLE {tenant}.notes (id int PRIMARY KEY, who text NOT NULL);
                 INSERT INTO {tenant}.notes SELECT id, '{tenant}' FROM generate_series(1, 40) id;
                 GRANT USAGE ON SCHEMA {tenant} TO {role}; GRANT ALL ON {tenant}.notes TO {role}"
            ));
        }
        Self { database, role }
    }

    fn pooler(&self, settings: &[&str]) -> PgBouncer {
        PgBouncer::start(&self.database, &self.role, "x", settings)
    }
}

impl Drop for Behind {
    fn drop(&mut self) {
        let drop_role = format!("DROP OWNED BY {role}; DROP ROLE {role}", role = self.role);
        // PgBouncer's last connections may still be about to end; the role is the test's own, and in nobody's way.
        let _ = std::panic::catch_unwind(|| self.database.run(&drop_role));
    }
}

diesel::table! {
    notes (id) {
        id -> Integer,
        who -> Text,
    }
}

/// Many clients, each of them at another tenant each time. Says whose rows were wrong.
async fn wrong_rows(pool: &TenantPool) -> Vec<String> {
    let clients = (0..8).map(async |client| {
        let mut wrong = Vec::new();
        for round in 0..250 {
            let tenant = TENANTS[(client + round) % 2];
            let mut conn = match pool.for_tenant(tenant).get().await {
                Ok(conn) => conn,
                Err(error) => panic!("{}", chain(&error)),
            };
            let id = (round % 40 + 1) as i32;
            // As many texts as there are tenants and rounds modulo 5.
            let who: QueryResult<Vec<String>> = match round % 5 {
                0 => {
                    notes::table
                        .filter(notes::id.eq(id))
                        .select(notes::who)
                        .load(&mut conn)
                        .await
                }
                1 => {
                    notes::table
                        .filter(notes::id.le(id))
                        .select(notes::who)
                        .load(&mut conn)
                        .await
                }
                2 => {
                    notes::table
                        .select(notes::who)
                        .order(notes::id)
                        .limit(3)
                        .load(&mut conn)
                        .await
                }
                3 => {
                    let update = diesel::update(notes::table.filter(notes::id.eq(id))).set(notes::who.eq(tenant));
                    update.returning(notes::who).get_results(&mut conn).await
                }
                _ => notes::table.select(notes::who).load(&mut conn).await,
            };
            match who {
                Ok(who) if !who.is_empty() && who.iter().all(|who| who == tenant) => {}
                other => wrong.push(format!("{tenant} in round {round}: {other:?}")),
            }
        }
        wrong
    });
    join_all(clients).await.concat()
}

/// Whether the server has prepared statements of the pool's.
async fn are_prepared(pool: &TenantPool) -> bool {
    let mut conn = pool.for_tenant("client1").get().await.unwrap();
    let sql = "SELECT count(*)::text AS value FROM pg_prepared_statements WHERE statement LIKE '%notes%'";
    let Setting { value } = diesel::sql_query(sql).get_result(&mut conn).await.unwrap();
    value != "0"
}

fn refusal(built: Result<TenantPool, BuildError>) -> String {
    chain(&built.expect_err("the pooler should have been refused"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_every_pooler_each_tenant_sees_its_own_rows_or_there_are_no_transactions_and_no_pool() {
    let Some(version) = PgBouncer::version() else { return };
    let behind = Behind::new();
    let keeps: &[&str] = if version >= (1, 21) {
        &["max_prepared_statements = 0", "max_prepared_statements = 200"]
    } else {
        &[""]
    };
    for mode in ["session", "transaction", "statement"] {
        for keep in keeps {
            for ignored in ["", "ignore_startup_parameters = options"] {
                // A server connection for each client of a session.
                let size = if mode == "session" { 8 } else { 2 };
                let (mode_line, size) = (format!("pool_mode = {mode}"), format!("default_pool_size = {size}"));
                let pooler = behind.pooler(&[&mode_line, &size, keep, ignored]);
                let way = format!("{mode} {keep} {ignored}");
                let message = refusal(TenantPool::builder(pooler.url()).build().await);
                let reason = if ignored.is_empty() {
                    "unsupported startup parameter"
                } else {
                    "did not arrive"
                };
                assert!(message.contains(reason), "{way}: {message}");
                let pool = TenantPool::builder(pooler.url())
                    .search_path_from_role()
                    .max_size(8)
                    .build()
                    .await;
                match pool {
                    Ok(pool) if mode != "statement" => {
                        assert_eq!(wrong_rows(&pool).await, [""; 0], "{way}");
                        // Only where the pooler keeps them apart: in session mode it passes the names on.
                        let kept_apart = mode == "transaction" && keep.ends_with("200");
                        assert_eq!(are_prepared(&pool).await, kept_apart, "{way}");
                    }
                    Ok(_) => panic!("{way} was not refused"),
                    Err(error) => {
                        let message = chain(&error);
                        assert!(mode == "statement", "{way}: {message}");
                        assert!(message.contains("allows no transactions"), "{way}: {message}");
                    }
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_pgpool_each_tenant_sees_its_own_rows_whoever_had_the_session_before() {
    if !Pgpool::is_installed() {
        return;
    }
    let behind = Behind::new();
    // A process for each client; sessions with the server are kept for the next client.
    for kept in ["connection_cache = on", "connection_cache = off"] {
        let settings = ["num_init_children = 9", "max_pool = 1", "load_balance_mode = off", kept];
        let pooler = Pgpool::start(&behind.database, &behind.role, "x", &settings);
        for _ in 0..2 {
            // Sessions that began without our options, and have a search_path and statements of their own.
            let others = (0..8).map(async |_| {
                let mut other = PostgresConnection::establish(pooler.url()).await.unwrap();
                let leave =
                    "SET search_path = client2; CREATE TEMP TABLE notes AS SELECT 1 AS id, 'other'::text AS who";
                other.batch_execute(leave).await.unwrap();
                let prepare = OTHERS.replace("20000", "1000");
                diesel::sql_query(prepare).execute(&mut other).await.unwrap();
            });
            join_all(others).await;
            let from_role = TenantPool::builder(pooler.url()).search_path_from_role();
            let from_role = from_role.max_size(8).build().await.unwrap();
            assert_eq!(wrong_rows(&from_role).await, [""; 0], "{kept}");
            drop(from_role);
            // A session that Pgpool-II kept has the options of whoever began it.
            match TenantPool::builder(pooler.url()).max_size(8).build().await {
                Ok(pool) => assert_eq!(wrong_rows(&pool).await, [""; 0], "{kept}"),
                Err(error) => assert!(chain(&error).contains("did not arrive"), "{kept}: {}", chain(&error)),
            }
        }
    }
}

/// Prepares statements under the names that the next clients may choose, as a client in another process may have done.
const OTHERS: &str = "DO $$ BEGIN FOR i IN 0 .. 20000 LOOP
    EXECUTE 'PREPARE s' || i || ' AS SELECT ''another''::text'; END LOOP; END $$";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_another_client_has_prepared_on_the_same_session_is_never_run() {
    let Some(version) = PgBouncer::version() else { return };
    let behind = Behind::new();
    let keeps = if version >= (1, 21) {
        "max_prepared_statements = 0"
    } else {
        ""
    };
    let pooler = behind.pooler(&["pool_mode = transaction", "default_pool_size = 1", keeps]);
    let mut other = PostgresConnection::establish(pooler.url()).await.unwrap();
    diesel::sql_query(OTHERS).execute(&mut other).await.unwrap();
    let builder = TenantPool::builder(pooler.url()).search_path_from_role();
    let pool = builder.max_size(8).build().await.unwrap();
    assert_eq!(wrong_rows(&pool).await, [""; 0]);
}

#[tokio::test]
async fn tenants_that_share_tables_are_refused_behind_a_pooler() {
    let database = Server::shared().database();
    let role = format!("app_{}", database.name());
    database.run(&format!(
        "CREATE ROLE {role} LOGIN PASSWORD 'x'; ALTER ROLE {role} SET search_path = '';
         CREATE TABLE public.notes (id int, who text NOT NULL, tenant int NOT NULL); GRANT ALL ON public.notes TO {role}"
    ));
    let directory = || FixedDirectory::new().with("seven", Placement::rows("7")).unwrap();
    let with = |builder: TenantPoolBuilder| builder.directory(directory()).migration_url(database.url());
    let (_, address) = database.url().split_once('@').unwrap();
    // Also where there is no pooler: nobody can tell from what was declared.
    let declared = with(TenantPool::builder(format!("postgres://{role}:x@{address}")).search_path_from_role());
    let pool = declared.build().await.unwrap();
    let error = pool.for_tenant("seven").get().await.unwrap_err();
    assert!(matches!(error, CheckoutError::RowsNeedSession { .. }), "{error:?}");
    assert_eq!(
        error.to_string(),
        "tenant \"seven\" shares tables with other tenants, which needs a session setting, and a pooler may be in \
         between (`search_path_from_role`): give the tenant a schema of its own, or bypass the pooler"
    );
    drop(pool);
    if PgBouncer::version().is_some() {
        let settings = ["pool_mode = transaction", "ignore_startup_parameters = options"];
        let pooler = PgBouncer::start(&database, &role, "x", &settings);
        let error = with(TenantPool::builder(pooler.url())).build().await.unwrap_err();
        assert!(
            matches!(error, BuildError::Connect(ConnectError::LostOptions { .. })),
            "{error:?}"
        );
    }
    database.run(&format!("DROP OWNED BY {role}; DROP ROLE {role}"));
}

#[tokio::test]
async fn a_migration_url_through_a_pooler_is_refused_when_it_is_used() {
    if PgBouncer::version().is_none() {
        return;
    }
    let behind = Behind::new();
    let pooler = behind.pooler(&["pool_mode = transaction", "ignore_startup_parameters = options"]);
    let builder = TenantPool::builder(behind.database.url()).migration_url(pooler.url());
    let pool = builder.build().await.unwrap();
    let error = pool.migrate_tenant("client1", NoMigrations).await.unwrap_err();
    assert!(chain(&error).contains("did not arrive"), "{}", chain(&error));
    // Served without migrations all the same.
    assert_eq!(wrong_rows(&pool).await, [""; 0]);
}

#[tokio::test]
async fn notifications_are_not_waited_for_behind_a_pooler() {
    let behind = Behind::new();
    let (_, address) = behind.database.url().split_once('@').unwrap();
    let url = format!("postgres://{}:x@{address}", behind.role);
    let message = refusal(TenantPool::builder(&url).search_path_from_role().listen().build().await);
    assert!(
        message.contains("give a URL that bypasses the pooler to `migration_url`"),
        "{message}"
    );
    let past = TenantPool::builder(&url)
        .search_path_from_role()
        .listen()
        .migration_url(behind.database.url());
    past.build().await.unwrap();
}

/// What certainly stays on the server's session, which closing the pooler's connection doesn't end.
const STAYS: &[&str] = &[
    "SET search_path = client1",
    "SET work_mem = '1MB'",
    "SET local.customer = 'secret'",
    "RESET work_mem",
    "DISCARD TEMP",
    "CREATE TEMP TABLE IF NOT EXISTS import_buffer AS SELECT who FROM notes",
    "CREATE TEMP TABLE pg_temp.import_buffer (id int)",
    "CREATE TEMP VIEW v AS SELECT 1 AS id",
    "SELECT 1 AS id INTO TEMP t",
    "CREATE TYPE pg_temp.e AS ENUM ('a')",
    "PREPARE p AS SELECT 1",
    "DEALLOCATE ALL",
    "BEGIN; DECLARE c CURSOR WITH HOLD FOR SELECT 1; COMMIT",
    "LISTEN news",
    "LOAD 'plpgsql'",
    "SELECT pg_advisory_lock(1)",
    "SELECT pg_try_advisory_lock(1)",
    "SELECT set_config('app.customer', 'secret', false)",
    "UPDATE pg_settings SET setting = 'client1' WHERE name = 'search_path'",
    "SELECT setseed(0.5)",
    "SELECT currval('client1.s')",
    "SELECT lastval()",
];

/// What is gone when its transaction is, or can't be told.
const GOES: &[&str] = &[
    "SET LOCAL work_mem = '1MB'",
    "SELECT set_config('app.customer', 'x', true)",
    "CREATE TEMP TABLE import_buffer ON COMMIT DROP AS SELECT who FROM notes",
    "SELECT pg_advisory_xact_lock(1)",
    "DO 'BEGIN END'",
];

#[tokio::test]
async fn behind_a_pooler_what_stays_on_the_servers_session_is_refused_before_it_is_sent() {
    let behind = Behind::new();
    let mut urls = vec![{
        let (_, address) = behind.database.url().split_once('@').unwrap();
        format!("postgres://{}:x@{address}", behind.role)
    }];
    // Of the newer ones, one that is served.
    let newer = PgBouncer::version().is_some_and(|version| version >= (1, 21));
    let pooler = newer.then(|| {
        behind.pooler(&[
            "pool_mode = transaction",
            "default_pool_size = 1",
            "max_prepared_statements = 200",
        ])
    });
    urls.extend(pooler.as_ref().map(|pooler| pooler.url().to_owned()));
    for url in urls {
        let pool = TenantPool::builder(&url)
            .search_path_from_role()
            .max_size(1)
            .build()
            .await
            .unwrap();
        for sql in STAYS {
            let mut conn = pool.for_tenant("client1").get().await.unwrap();
            for answer in [
                conn.batch_execute(sql).await,
                diesel::sql_query(*sql).execute(&mut conn).await.map(drop),
            ] {
                match answer {
                    Err(diesel::result::Error::QueryBuilderError(error)) => {
                        assert!(error.is::<RefusedStatement>(), "{sql}: {error}")
                    }
                    other => panic!("{sql}: {other:?}"),
                }
            }
        }
        for sql in GOES {
            let mut conn = pool.for_tenant("client1").get().await.unwrap();
            conn.batch_execute(sql).await.expect(sql);
        }
        let mut conn = pool.for_tenant("client2").get().await.unwrap();
        let left = "SELECT pg_catalog.format('%s %s %s', current_setting('search_path'), current_setting('app.customer', true), \
             to_regclass('pg_temp.import_buffer')) AS value";
        let Setting { value } = diesel::sql_query(left).get_result(&mut conn).await.unwrap();
        assert_eq!(value.trim(), "\"\"");
        let error = conn
            .batch_execute("SELECT 1; SET work_mem = '1MB'")
            .await
            .unwrap_err()
            .to_string();
        let message = "`SET` leaves something on the server's session, which a pooler in between \
                       (`search_path_from_role`) gives to other tenants: use SET LOCAL, set_config(…, true), ON COMMIT \
                       DROP or pg_advisory_xact_lock in a transaction, or a pool that bypasses the pooler, at 1:11";
        assert!(error.contains(message), "{error}");
    }
}

#[tokio::test]
async fn a_role_that_is_given_a_search_path_later_is_noticed_when_a_tenant_is_looked_up() {
    let behind = Behind::new();
    let newer = PgBouncer::version().is_some_and(|version| version >= (1, 21));
    if !newer {
        return;
    }
    let pooler = behind.pooler(&[
        "pool_mode = transaction",
        "max_prepared_statements = 200",
        "server_lifetime = 1",
    ]);
    let pool = TenantPool::builder(pooler.url())
        .search_path_from_role()
        .schema_cache(100, Duration::ZERO)
        .max_size(1)
        .build()
        .await
        .unwrap();
    drop(pool.for_tenant("client1").get().await.unwrap());
    behind
        .database
        .run(&format!("ALTER ROLE {} SET search_path = client1", behind.role));
    // Until the pooler has another session of the server's.
    for _ in 0..100 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        if let Err(error) = pool.for_tenant("client2").get().await {
            assert!(chain(&error).contains("holds \"client1\""), "{}", chain(&error));
            return;
        }
    }
    panic!("client2's functions would read client1's tables");
}

#[derive(QueryableByName)]
struct Setting {
    #[diesel(sql_type = Text)]
    value: String,
}

#[tokio::test]
async fn each_connection_sends_an_option_of_its_own_and_finds_it_again() {
    let database = Server::shared().database();
    let pool = TenantPool::builder(database.url()).max_size(2).build().await.unwrap();
    let (mut one, mut two) = (pool.shared().get().await.unwrap(), pool.shared().get().await.unwrap());
    let mut values = Vec::new();
    for conn in [&mut one, &mut two] {
        let query = diesel::sql_query("SELECT current_setting('diesel_tenants.connection') AS value");
        values.push(query.get_result::<Setting>(conn).await.unwrap().value);
    }
    assert_ne!(values[0], values[1]);
}
