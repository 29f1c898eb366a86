//! A standby that takes its primary's place, under load: what a pool does whose URL names both servers.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicI32, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use diesel::{prelude::*, sql_types::Integer};
use diesel_async::RunQueryDsl;
use diesel_tenants::{
    FleetError, TenantPool, TenantPoolBuilder, directory::DirectoryTables, migrations::DatabasesEvent,
};
use diesel_tenants_test_support::{Database, Server, chain};

use crate::{migrations::Folder, schema::items};

const TENANTS: [&str; 4] = ["client1", "client2", "client3", "client4"];

const ITEMS: (&str, &str, &str) = (
    "001_items",
    "CREATE TABLE items (id int PRIMARY KEY, description text NOT NULL, price int NOT NULL);",
    "DROP TABLE items;",
);
const NOTES: (&str, &str, &str) = ("002_notes", "CREATE TABLE notes (id int);", "DROP TABLE notes;");

/// A primary whose commits wait for its standby.
struct Pair {
    primary: Server,
    standby: Server,
    database: Database,
}

impl Pair {
    async fn start() -> Self {
        let primary = Server::builder()
            .setting("wal_level", "replica")
            .setting("max_wal_senders", 8)
            .start()
            .unwrap();
        let database = primary.database();
        let standby = primary.replica();
        // A commit that is acknowledged is on the standby as well.
        database.run("ALTER SYSTEM SET synchronous_standby_names = '*'");
        database.run("SELECT pg_reload_conf()");
        let is_synchronous = "SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync'";
        for tries in 0.. {
            if !database.query_strings(is_synchronous).is_empty() {
                break;
            }
            assert!(tries < 500, "the standby doesn't follow");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Self {
            primary,
            standby,
            database,
        }
    }

    /// Both servers, of which the primary is wanted.
    fn url(&self) -> String {
        let one = format!("127.0.0.1:{}", self.primary.port());
        let both = format!("{one},127.0.0.1:{}", self.standby.port());
        self.database.url().replace(&one, &both) + "?target_session_attrs=read-write"
    }

    async fn pool(&self, options: impl FnOnce(TenantPoolBuilder) -> TenantPoolBuilder) -> TenantPool {
        options(TenantPool::builder(self.url())).build().await.unwrap()
    }

    /// A pool that reaches the standby only.
    async fn standby_pool(&self) -> TenantPool {
        let url = self.standby.url_for(self.database.name());
        TenantPool::builder(url).build().await.unwrap()
    }

    async fn promote(&self) {
        let pool = self.standby_pool().await;
        let mut conn = pool.shared().get().await.unwrap();
        let promoted = diesel::select(diesel::dsl::sql::<diesel::sql_types::Bool>("pg_catalog.pg_promote()"));
        assert!(promoted.get_result::<bool>(&mut conn).await.unwrap());
    }
}

/// One request of a tenant.
#[derive(Debug)]
struct Request {
    begun: Instant,
    ended: Instant,
    failed: Option<String>,
}

/// What all requests did.
#[derive(Default)]
struct Record {
    requests: Mutex<Vec<Request>>,
    /// The ids whose inserts were acknowledged, with their tenants.
    acknowledged: Mutex<Vec<(i32, &'static str)>>,
    next: AtomicI32,
    is_over: AtomicBool,
}

/// Writes a row, and reads all rows, which must be the tenant's own.
async fn request(pool: &TenantPool, tenant: &'static str, id: i32) -> Result<(), String> {
    let text = |error: &(dyn std::error::Error + 'static)| chain(error);
    let mut conn = pool.for_tenant(tenant).get().await.map_err(|error| text(&error))?;
    let row = (items::id.eq(id), items::description.eq(tenant), items::price.eq(1));
    let written = diesel::insert_into(items::table).values(row).execute(&mut conn).await;
    written.map_err(|error| text(&error))?;
    Ok(())
}

async fn read(pool: &TenantPool, tenant: &str) -> Result<(), String> {
    let mut conn = pool.for_tenant(tenant).get().await.map_err(|error| chain(&error))?;
    let seen = items::table
        .select(items::description)
        .distinct()
        .load::<String>(&mut conn)
        .await;
    for description in seen.map_err(|error| chain(&error))? {
        assert_eq!(description, tenant, "another tenant's row");
    }
    Ok(())
}

/// Requests of one tenant, until the end.
async fn use_tenant(pool: TenantPool, tenant: &'static str, record: Arc<Record>) {
    while !AtomicBool::load(&record.is_over, Relaxed) {
        let id = record.next.fetch_add(1, Relaxed);
        let begun = Instant::now();
        let mut done = request(&pool, tenant, id).await;
        if done.is_ok() {
            record.acknowledged.lock().unwrap().push((id, tenant));
            done = read(&pool, tenant).await;
        }
        record.requests.lock().unwrap().push(Request {
            begun,
            ended: Instant::now(),
            failed: done.err(),
        });
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

#[derive(QueryableByName)]
struct Port {
    #[diesel(sql_type = Integer)]
    port: i32,
}

async fn port(conn: &mut diesel_tenants::Checkout) -> u16 {
    let port = diesel::sql_query("SELECT pg_catalog.inet_server_port() AS port");
    let port: Port = port.get_result(conn).await.unwrap();
    u16::try_from(port.port).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_fail_while_the_outage_lasts_and_then_go_on_at_the_promoted_standby() {
    let pair = Pair::start().await;
    let pool = pair
        .pool(|builder| builder.max_size(6).directory(DirectoryTables::new()).listen())
        .await;
    pool.prepare_directory().await.unwrap();
    for tenant in TENANTS {
        let created = pool.create_tenant(tenant, Folder::of(&[ITEMS]));
        created.await.unwrap();
    }
    let record = Arc::new(Record::default());
    let users: Vec<_> = TENANTS
        .iter()
        .flat_map(|tenant| [tenant, tenant])
        .map(|tenant| tokio::spawn(use_tenant(pool.clone(), tenant, Arc::clone(&record))))
        .collect();
    tokio::time::sleep(Duration::from_millis(700)).await;

    let down = Instant::now();
    pair.primary.stop();
    tokio::time::sleep(Duration::from_millis(500)).await;
    pair.promote().await;
    let up = Instant::now();
    tokio::time::sleep(Duration::from_millis(2_000)).await;
    record.is_over.store(true, Relaxed);
    for user in users {
        user.await.unwrap();
    }

    let requests = std::mem::take(&mut *record.requests.lock().unwrap());
    let failed = |request: &&Request| request.failed.is_some();
    let early = requests.iter().filter(failed).find(|request| request.ended < down);
    assert!(early.is_none(), "before the outage: {early:?}");
    let late = requests.iter().filter(failed).find(|request| request.begun > up);
    assert!(late.is_none(), "after the outage: {late:?}");
    let count = |condition: &dyn Fn(&Request) -> bool| requests.iter().filter(|request| condition(request)).count();
    assert!(count(&|request| request.ended < down) > 20);
    assert!(count(&|request| request.failed.is_some()) > 0, "there was an outage");
    assert!(count(&|request| request.begun > up) > 20, "the pool goes on");
    // Each tenant found its way, with what was acknowledged before the outage and after it.
    for tenant in TENANTS {
        let mut conn = pool.for_tenant(tenant).get().await.unwrap();
        assert_eq!(port(&mut conn).await, pair.standby.port());
        let ids: Vec<i32> = items::table.select(items::id).load(&mut conn).await.unwrap();
        let acknowledged = record.acknowledged.lock().unwrap();
        for (id, _) in acknowledged.iter().filter(|(_, of)| *of == tenant) {
            assert!(ids.contains(id), "{tenant} lost {id}");
        }
    }

    // So do all other kinds of work, by the same URL.
    let mut conn = pool.for_tenant("client1").read_only().get().await.unwrap();
    assert_eq!(port(&mut conn).await, pair.standby.port());
    drop(conn);
    let report = pool.migrate_tenants(Folder::of(&[ITEMS, NOTES])).run();
    assert_eq!(report.await.unwrap().to_string(), "4 migrated");
    pool.create_tenant("client5", Folder::of(&[ITEMS])).await.unwrap();
    // What another process does is heard of again.
    let elsewhere = pair.pool(|builder| builder.directory(DirectoryTables::new())).await;
    pool.for_tenant("client2").get().await.unwrap();
    elsewhere.suspend_tenant("client2").await.unwrap();
    let begun = Instant::now();
    while pool.for_tenant("client2").get().await.is_ok() {
        assert!(begun.elapsed() < Duration::from_secs(20), "not heard of in time");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn the_standby_of_a_url_with_both_servers_gets_no_connection_that_reads_for_the_database_itself() {
    let pair = Pair::start().await;
    // The standby comes first.
    let standby_first = pair.url().replace(
        &format!("127.0.0.1:{},127.0.0.1:{}", pair.primary.port(), pair.standby.port()),
        &format!("127.0.0.1:{},127.0.0.1:{}", pair.standby.port(), pair.primary.port()),
    );
    let pool = TenantPool::builder(standby_first).build().await.unwrap();
    pool.create_tenant("client1", Folder::of(&[ITEMS])).await.unwrap();
    for mut conn in [
        pool.for_tenant("client1").get().await.unwrap(),
        pool.for_tenant("client1").read_only().get().await.unwrap(),
    ] {
        assert_eq!(port(&mut conn).await, pair.primary.port());
    }
}

#[tokio::test]
async fn a_server_that_takes_the_connection_and_never_answers_is_passed_over() {
    let database = Server::shared().database();
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (credentials, place) = database.url().rsplit_once('@').unwrap();
    let (host, name) = place.split_once('/').unwrap();
    let url = format!("{credentials}@{},{host}/{name}", silent.local_addr().unwrap());
    let begun = Instant::now();
    let pool = TenantPool::builder(format!("{url}?connect_timeout=1"))
        .build()
        .await
        .unwrap();
    pool.shared().get().await.unwrap();
    assert!(begun.elapsed() >= Duration::from_secs(1));
    // Without a time in the URL, each server has its part of the pool's.
    let pool = TenantPool::builder(&url).connect_timeout(Duration::from_secs(4));
    let pool = pool.build().await.unwrap();
    pool.shared().get().await.unwrap();
    // So it is where the library copies rows, or reads answers as text.
    pool.create_tenant("client1", Folder::of(&[ITEMS])).await.unwrap();
    pool.export_tenant("client1").to(&mut tokio::io::sink()).await.unwrap();
    let mut answers = pool.run_script("SELECT 1").start().await.unwrap();
    assert!(answers.next().await.unwrap().1.is_ok());
}

#[tokio::test]
async fn a_full_primary_is_waited_for_although_the_standby_answers() {
    let pair = Pair::start().await;
    let url = pair.url();
    let (_, servers) = url.rsplit_once('@').unwrap();
    let (primary, standby) = (pair.primary.port().to_string(), pair.standby.port().to_string());
    let standby_first = servers
        .replace(&primary, "other")
        .replace(&standby, &primary)
        .replace("other", &standby);
    for (role, servers) in [("first", servers), ("second", &standby_first)] {
        let role = format!("{role}_{}", pair.database.name());
        // The limit is each server's: the standby has room.
        let sql = format!("CREATE ROLE {role} LOGIN PASSWORD 'x' CONNECTION LIMIT 1");
        pair.database.run(&sql);
        let builder = || TenantPool::builder(format!("postgres://{role}:x@{servers}")).max_size(4);
        let pool = builder().wait_timeout(Duration::from_secs(20)).build().await.unwrap();
        let held = pool.shared().get().await.unwrap();
        let error = chain(&builder().build().await.unwrap_err());
        assert!(error.contains("too many connections for role"), "{servers}: {error}");
        let waiting = tokio::spawn({
            let pool = pool.clone();
            async move { pool.shared().get().await.map(|_| ()).map_err(|error| chain(&error)) }
        });
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert!(!waiting.is_finished(), "{servers}: {:?}", waiting.await);
        drop(held);
        assert_eq!(waiting.await.unwrap(), Ok(()), "{servers}");
    }
}

#[tokio::test]
async fn migrations_of_all_tenants_are_refused_where_nothing_can_be_written() {
    let pair = Pair::start().await;
    let pool = pair.pool(|builder| builder).await;
    pool.create_tenant("client1", Folder::of(&[ITEMS])).await.unwrap();
    let migrate = async |pool: &TenantPool| {
        let migration = pool.migrate_tenants(Folder::of(&[ITEMS, NOTES]));
        migration.run().await.map(|report| report.to_string())
    };
    let standby = pair.standby_pool().await;
    // The standby has the tenant in a moment.
    let begun = Instant::now();
    while standby.for_tenant("client1").get().await.is_err() {
        assert!(begun.elapsed() < Duration::from_secs(20), "the standby doesn't follow");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let error = migrate(&standby).await.unwrap_err();
    assert!(matches!(error, FleetError::ReadOnly { .. }), "{error:?}");
    let text = chain(&error);
    assert!(
        text.contains("accepts no writes") && text.contains(&pair.standby.port().to_string()),
        "{text}"
    );
    // What would be done can be asked of a standby.
    let dry_run = standby.migrate_tenants(Folder::of(&[ITEMS, NOTES])).dry_run();
    assert_eq!(dry_run.run().await.unwrap().to_string(), "1 pending");

    // A database that was set to read-only, as for a maintenance.
    pair.database.run(&format!(
        "ALTER DATABASE {} SET default_transaction_read_only = on",
        pair.database.name()
    ));
    let closed = TenantPool::builder(pair.database.url()).build().await.unwrap();
    let error = migrate(&closed).await.unwrap_err();
    assert!(matches!(error, FleetError::ReadOnly { .. }), "{error:?}");
    let everywhere = closed.all_databases().migrate_tenants(Folder::of(&[ITEMS, NOTES]));
    let error = everywhere
        .on_progress(|_: DatabasesEvent<'_>| ())
        .run()
        .await
        .unwrap_err();
    let text = chain(&error);
    assert!(
        text.contains("because of database \"main\"") && text.contains("accepts no writes"),
        "{text}"
    );
}
