//! A cluster of two Galera nodes: both serve tenants, and one is lost in the middle of a migration.

use std::{
    collections::BTreeMap,
    fs,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use diesel::{QueryableByName, sql_types};
use diesel_async::RunQueryDsl;
use diesel_tenants::{FleetReport, Mysql, MysqlUrl, TenantPool, migrations::MigrationFolder};
use diesel_tenants_test_support::{Galera, MariaDb, chain};
use tempfile::TempDir;

const TENANTS: usize = 8;

const THINGS: &str = "CREATE TABLE things (id BIGINT PRIMARY KEY AUTO_INCREMENT, owner VARCHAR(64) NOT NULL)";

/// Definitions and rows: done twice, they fail or leave two gifts.
const GIFTS: &str = "CREATE TABLE gifts (id BIGINT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(64) NOT NULL);
    INSERT INTO gifts (name) VALUES ('rose');
    ALTER TABLE things ADD COLUMN note VARCHAR(64);
    CREATE TABLE notes (id BIGINT PRIMARY KEY);
    ALTER TABLE gifts ADD COLUMN note VARCHAR(64)";

#[derive(QueryableByName)]
struct Owner {
    #[diesel(sql_type = sql_types::Text)]
    owner: String,
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = sql_types::BigInt)]
    count: i64,
}

fn tenant(number: usize) -> String {
    format!("client{number}")
}

async fn pool_of(node: &MariaDb) -> TenantPool<Mysql> {
    let url: MysqlUrl = node.url().parse().unwrap();
    let pool = TenantPool::builder(url)
        .max_size(6)
        .wait_timeout(Duration::from_secs(10))
        .build()
        .await;
    pool.unwrap_or_else(|error| panic!("{}", chain(&error)))
}

/// Requests that go to the two nodes in turn, until they are told to stop.
struct Load {
    stop: Arc<AtomicBool>,
    tasks: Vec<tokio::task::JoinHandle<()>>,
    served: Arc<[AtomicU64; 2]>,
    /// What each tenant was told is saved.
    saved: Arc<Mutex<BTreeMap<String, i64>>>,
}

impl Load {
    fn begin(pools: &[TenantPool<Mysql>; 2]) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let served = Arc::new([AtomicU64::new(0), AtomicU64::new(0)]);
        let saved = Arc::new(Mutex::new(BTreeMap::new()));
        let tasks = (0..4).map(|task| {
            let (pools, stop) = (pools.clone(), Arc::clone(&stop));
            let (served, saved) = (Arc::clone(&served), Arc::clone(&saved));
            tokio::spawn(async move {
                let mut turn = task;
                while !AtomicBool::load(&stop, Relaxed) {
                    turn += 1;
                    let (node, tenant) = (turn % 2, tenant(turn / 2 % TENANTS));
                    // A cluster refuses one of two transactions that meet, and a lost node refuses all.
                    if let Ok(is_saved) = request(&pools[node], &tenant).await {
                        served[node].fetch_add(1, Relaxed);
                        *saved.lock().unwrap().entry(tenant).or_default() += i64::from(is_saved);
                    } else {
                        tokio::time::sleep(Duration::from_millis(5)).await;
                    }
                }
            })
        });
        Self {
            tasks: tasks.collect(),
            stop,
            served,
            saved,
        }
    }

    fn served(&self, node: usize) -> u64 {
        AtomicU64::load(&self.served[node], Relaxed)
    }

    /// Waits until so many more requests were served by a node.
    async fn wait_for(&self, node: usize, requests: u64) {
        let before = self.served(node);
        eventually("a node serves no more requests", async || {
            self.served(node) >= before + requests
        })
        .await;
    }

    async fn end(self) -> BTreeMap<String, i64> {
        self.stop.store(true, Relaxed);
        for task in self.tasks {
            task.await.expect("a tenant was shown another tenant's row");
        }
        self.saved.lock().unwrap().clone()
    }
}

/// Saves a row, and looks at some that are there: each must be the tenant's own. Returns whether the row was saved.
async fn request(pool: &TenantPool<Mysql>, tenant: &str) -> Result<bool, Box<dyn std::error::Error + Send + Sync>> {
    let mut conn = pool.for_tenant(tenant).get().await?;
    let saved = diesel::sql_query("INSERT INTO things (owner) VALUES (?)")
        .bind::<sql_types::Text, _>(tenant)
        .execute(&mut conn)
        .await;
    let rows: Vec<Owner> = diesel::sql_query("SELECT owner FROM things ORDER BY id DESC LIMIT 20")
        .load(&mut conn)
        .await?;
    for row in rows {
        assert_eq!(row.owner, tenant, "a row of another tenant");
    }
    Ok(saved.is_ok())
}

async fn eventually(otherwise: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let begun = Instant::now();
    while !is_so().await {
        assert!(begun.elapsed() < Duration::from_secs(30), "{otherwise}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn count(pool: &TenantPool<Mysql>, tenant: &str, sql: &str) -> i64 {
    let mut conn = pool.for_tenant(tenant).get().await.unwrap();
    let count: Count = diesel::sql_query(format!("SELECT COUNT(*) AS count FROM {sql}"))
        .get_result(&mut conn)
        .await
        .unwrap();
    count.count
}

fn applied(report: &FleetReport) -> usize {
    report.tenants.iter().map(|tenant| tenant.versions.len()).sum()
}

/// The first of the tenants' migrations, so many of them.
fn migrations(folder: &TempDir, count: usize) -> MigrationFolder {
    let all = [
        ("1_things", THINGS),
        ("2_gifts", GIFTS),
        ("3_last", "CREATE TABLE last (id INT PRIMARY KEY)"),
    ];
    let folder = folder.path().join(count.to_string());
    for (name, sql) in &all[..count] {
        fs::create_dir_all(folder.join(name)).unwrap();
        fs::write(folder.join(name).join("up.sql"), sql).unwrap();
    }
    MigrationFolder::read(folder).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tenants_live_on_two_nodes_and_outlive_the_one_that_dies_in_a_migration() {
    if !Galera::is_installed() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let [things, gifts, last] = [1, 2, 3].map(|count| migrations(&folder, count));
    let cluster = tokio::task::spawn_blocking(Galera::start).await.unwrap();
    let cluster = cluster.unwrap_or_else(|error| panic!("{}", chain(&error)));
    let [first, second] = cluster.nodes();
    let pools = [pool_of(first).await, pool_of(second).await];
    for number in 0..TENANTS {
        pools[0].create_tenant(tenant(number), things.clone()).await.unwrap();
    }
    // What one node made, the other has.
    eventually("the second node does not hear of the tenants", async || {
        pools[1].for_tenant(tenant(TENANTS - 1)).get().await.is_ok()
    })
    .await;
    let load = Load::begin(&pools);
    load.wait_for(0, 20).await;
    load.wait_for(1, 20).await;

    // The node that migrates dies, when it has done some of the work.
    let migrating = tokio::spawn({
        let (pool, gifts) = (pools[0].clone(), gifts.clone());
        async move { pool.migrate_tenants(gifts).run().await }
    });
    eventually("the migration does not begin", async || {
        let made = "information_schema.TABLES WHERE TABLE_NAME = 'gifts'";
        count(&pools[1], &tenant(0), made).await > 1
    })
    .await;
    first.kill().unwrap();
    let died = migrating.await.unwrap();
    assert!(!died.is_ok_and(|report| report.is_success()), "the node died too late");
    load.wait_for(1, 50).await;

    // Processes go on with the other node: the migration ends there, by the records of the first.
    let pool = &pools[1];
    let (one, other) = tokio::join!(
        pool.migrate_tenants(gifts.clone()).run(),
        pool.migrate_tenants(gifts.clone()).run()
    );
    for report in [one.unwrap(), other.unwrap()] {
        assert!(report.is_success(), "{report:?}");
    }
    assert_eq!(applied(&pool.migrate_tenants(gifts.clone()).run().await.unwrap()), 0);
    let report = pool.migrate_tenants(last.clone()).run().await.unwrap();
    assert_eq!(applied(&report), TENANTS);
    pool.create_tenant("late", last).await.unwrap();
    load.wait_for(1, 20).await;
    let saved = load.end().await;

    for number in 0..TENANTS {
        let tenant = tenant(number);
        assert_eq!(count(pool, &tenant, "gifts").await, 1, "{tenant}");
        assert_eq!(count(pool, &tenant, "__diesel_schema_migrations").await, 3, "{tenant}");
        assert_eq!(count(pool, &tenant, "__diesel_tenants_progress").await, 0, "{tenant}");
        let notes = "information_schema.COLUMNS WHERE COLUMN_NAME = 'note' AND TABLE_SCHEMA = ";
        assert_eq!(count(pool, &tenant, &format!("{notes}'{tenant}'")).await, 2, "{tenant}");
        let others = format!("things WHERE owner <> '{tenant}'");
        assert_eq!(count(pool, &tenant, &others).await, 0, "{tenant}");
        // Nothing that was saved is lost.
        assert!(count(pool, &tenant, "things").await >= saved[&tenant], "{tenant}");
    }
    pool.drop_tenant("late").await.unwrap();
    pool.rename_tenant(tenant(0), "renamed").await.unwrap();
    assert!(count(pool, "renamed", "things").await > 0);
}
