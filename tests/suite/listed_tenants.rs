//! A pool that listens looks all tenants up ahead of their first checkouts. One that doesn't looks many up together
//! after some first checkouts. Both are right about tenants that change meanwhile.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use diesel_tenants::{CheckoutError, TenantPool, migrations::NoMigrations};
use diesel_tenants_test_support::{Database, Server};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
};

const LONG: Duration = Duration::from_secs(30);

/// A part of the query for the list.
const LIST: &str = "LIMIT $1) n";

/// A part of the query that a checkout asks.
const LOOK_UP: &str = "n.nspname = $1";

async fn seen(happened: impl AsyncFn() -> bool) {
    let begun = Instant::now();
    while !happened().await {
        assert!(begun.elapsed() < LONG, "not seen in time");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn is_unknown<T>(answer: Result<T, CheckoutError>) -> bool {
    matches!(answer, Err(CheckoutError::UnknownTenant { .. }))
}

fn is_suspended<T>(answer: Result<T, CheckoutError>) -> bool {
    matches!(answer, Err(CheckoutError::SuspendedTenant { .. }))
}

/// A way to the server that keeps from whoever asks for the list what the server answers from then on.
struct Gate {
    port: u16,
    is_open: Arc<watch::Sender<bool>>,
    _accepting: JoinSet<()>,
}

impl Gate {
    async fn shut() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let is_open = Arc::new(watch::Sender::new(false));
        let mut accepting = JoinSet::new();
        let open = Arc::clone(&is_open);
        accepting.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(("127.0.0.1", Server::shared().port()));
                let (mut client_in, mut client_out) = client.into_split();
                let (mut server_in, mut server_out) = server.await.unwrap().into_split();
                let has_asked = Arc::new(AtomicBool::new(false));
                let mut open = open.subscribe();
                let asked = Arc::clone(&has_asked);
                connections.spawn(async move {
                    let mut buffer = vec![0; 16 << 10];
                    while let Ok(count @ 1..) = client_in.read(&mut buffer).await {
                        if buffer[..count].windows(LIST.len()).any(|part| part == LIST.as_bytes()) {
                            asked.store(true, SeqCst);
                        }
                        if server_out.write_all(&buffer[..count]).await.is_err() {
                            return;
                        }
                    }
                });
                connections.spawn(async move {
                    let mut buffer = vec![0; 16 << 10];
                    while let Ok(count @ 1..) = server_in.read(&mut buffer).await {
                        if has_asked.load(SeqCst) && open.wait_for(|open| *open).await.is_err() {
                            return;
                        }
                        if client_out.write_all(&buffer[..count]).await.is_err() {
                            return;
                        }
                    }
                });
            }
        });
        Self {
            port,
            is_open,
            _accepting: accepting,
        }
    }

    fn url(&self, database: &Database) -> String {
        let direct = format!(":{}/", Server::shared().port());
        database.url().replace(&direct, &format!(":{}/", self.port))
    }

    fn open(&self) {
        self.is_open.send_replace(true);
    }
}

#[tokio::test]
async fn what_is_done_to_tenants_while_the_list_is_read_counts_more_than_the_list() {
    let database = Server::shared().database();
    let here = TenantPool::builder(database.url()).build().await.unwrap();
    for number in 1..=7 {
        here.create_tenant(format!("client{number}"), NoMigrations)
            .await
            .unwrap();
    }
    let gate = Gate::shut().await;
    let there = TenantPool::builder(database.url())
        .listen()
        .migration_url(gate.url(&database));
    let there = there.build().await.unwrap();
    // The server has answered, and nobody has read it yet.
    let answered = format!(
        "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle' \
         AND pid <> pg_backend_pid() AND strpos(query, '{LIST}') > 0"
    );
    seen(async || !database.query_strings(&answered).is_empty()).await;

    here.create_tenant("made", NoMigrations).await.unwrap();
    here.suspend_tenant("client1").await.unwrap();
    here.drop_tenant("client2").await.unwrap();
    here.rename_tenant("client3", "renamed").await.unwrap();
    here.drop_tenant("client4").await.unwrap();
    here.create_tenant("client4", NoMigrations).await.unwrap();
    let anew = "SELECT 'client4'::regnamespace::oid::text";
    database.run(&format!("CREATE TABLE client4.who AS {anew}"));
    there.suspend_tenant("client5").await.unwrap();
    there.drop_tenant("client6").await.unwrap();
    gate.open();

    // What this process does itself is never seen otherwise.
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_millis(500) {
        let answer = there.for_tenant("client5").get().await;
        assert!(is_suspended(answer));
        assert!(is_unknown(there.for_tenant("client6").get().await));
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    // What another process does is heard.
    let get = async |tenant: &str| there.for_tenant(tenant).get().await;
    seen(async || get("made").await.is_ok()).await;
    seen(async || is_suspended(get("client1").await)).await;
    seen(async || is_unknown(get("client2").await)).await;
    seen(async || is_unknown(get("client3").await)).await;
    seen(async || get("renamed").await.is_ok()).await;
    seen(async || get("client4").await.is_ok()).await;
    assert!(get("client7").await.is_ok());
    here.resume_tenant("client1").await.unwrap();
    seen(async || get("client1").await.is_ok()).await;
}

#[tokio::test]
async fn first_checkouts_ask_nothing_once_the_list_is_read_and_after_the_connection_was_lost() {
    let server = Server::builder().setting("log_statement", "all").start().unwrap();
    let database = server.database();
    let owner = TenantPool::builder(database.url()).build().await.unwrap();
    let tenant = |number: usize| format!("client{number}");
    for number in 0..60 {
        owner.create_tenant(tenant(number), NoMigrations).await.unwrap();
    }
    owner.suspend_tenant(tenant(0)).await.unwrap();
    // The catalogs are everybody's to read.
    database.run("CREATE ROLE nobody_in_particular LOGIN PASSWORD 'x'");
    let (_, address) = database.url().split_once('@').unwrap();
    let url = format!("postgres://nobody_in_particular:x@{address}");
    let pool = TenantPool::builder(url).max_size(1).listen().build().await.unwrap();
    let log = server.log().len();
    let asked = || {
        let log = server.log().split_off(log);
        log.lines().filter(|line| line.contains(LOOK_UP)).count()
    };
    let costs = async |number: usize| {
        let before = asked();
        pool.for_tenant(tenant(number)).get().await.unwrap();
        asked() - before
    };
    let mut numbers = 1..30;
    while costs(numbers.next().expect("the list is read")).await > 0 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    for number in numbers {
        assert_eq!(costs(number).await, 0, "{number}");
    }
    assert!(is_suspended(pool.for_tenant(tenant(0)).get().await));
    assert!(is_unknown(pool.for_tenant("nobody").get().await));

    // Nobody hears of the first, and the second is what it was.
    database.run(&format!(
        "COMMENT ON TABLE client1.__diesel_schema_migrations IS 'diesel-tenants: suspended';
         SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() \
         AND pid <> pg_backend_pid() AND strpos(query, '{LIST}') > 0"
    ));
    seen(async || is_suspended(pool.for_tenant(tenant(1)).get().await)).await;
    let mut numbers = 2..60;
    while costs(numbers.next().expect("the list is read again")).await > 0 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    for number in numbers {
        assert_eq!(costs(number).await, 0, "{number}");
    }
}

/// Creates tenants on a server that logs each statement.
async fn logged(tenants: usize) -> (Server, Database) {
    let server = Server::builder().setting("log_statement", "all").start().unwrap();
    let database = server.database();
    let schemas = (0..tenants).map(|number| format!("CREATE SCHEMA client{number};"));
    database.run(&schemas.collect::<String>());
    (server, database)
}

/// How many schemas the server was asked for one by one.
fn look_ups(server: &Server) -> usize {
    server.log().lines().filter(|line| line.contains(LOOK_UP)).count()
}

/// How many times it was asked for many.
fn lists(server: &Server) -> usize {
    server.log().lines().filter(|line| line.contains(LIST)).count()
}

#[tokio::test]
async fn after_some_first_checkouts_the_next_ask_nothing_until_what_is_known_expires() {
    let (server, database) = logged(1_200).await;
    let remembering = |time| {
        TenantPool::builder(database.url())
            .schema_cache(10_000, time)
            .max_size(2)
    };
    let pool = remembering(Duration::from_secs(600)).build().await.unwrap();
    let owner = TenantPool::builder(database.url()).build().await.unwrap();
    owner.create_tenant("suspended", NoMigrations).await.unwrap();
    owner.suspend_tenant("suspended").await.unwrap();

    // By name, the last thousand come in a second portion.
    let mut numbers = 0..1_200;
    let mut visit = async |pool: &TenantPool| {
        let number = numbers.next().expect("the rest is known by now");
        pool.for_tenant(format!("client{number}")).get().await.unwrap();
        tokio::time::sleep(Duration::from_millis(1)).await;
    };
    while lists(&server) < 2 {
        visit(&pool).await;
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    let before = look_ups(&server);
    for _ in 0..50 {
        visit(&pool).await;
    }
    assert_eq!(look_ups(&server), before);
    assert!(is_suspended(pool.for_tenant("suspended").get().await));
    assert!(is_unknown(pool.for_tenant("nobody").get().await));

    let time = Duration::from_secs(3);
    let pool = remembering(time).build().await.unwrap();
    while lists(&server) < 4 {
        visit(&pool).await;
    }
    database.run("DROP SCHEMA client0; DROP SCHEMA client1100");
    tokio::time::sleep(time).await;
    assert!(is_unknown(pool.for_tenant("client0").get().await));
    assert!(is_unknown(pool.for_tenant("client1100").get().await));
    let (before, listed) = (look_ups(&server), lists(&server));
    for number in 1..60 {
        pool.for_tenant(format!("client{number}")).get().await.unwrap();
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!((30..50).contains(&(look_ups(&server) - before)));
    assert!(lists(&server) > listed);
    assert!(is_unknown(pool.for_tenant("client1100").get().await));
}

#[tokio::test]
async fn what_this_process_does_while_schemas_are_read_ahead_counts_more() {
    let database = Server::shared().database();
    let gate = Gate::shut().await;
    let pool = TenantPool::builder(gate.url(&database)).build().await.unwrap();
    for number in 0..40 {
        pool.create_tenant(format!("client{number}"), NoMigrations)
            .await
            .unwrap();
    }
    let answered = format!(
        "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle' \
         AND pid <> pg_backend_pid() AND strpos(query, '{LIST}') > 0"
    );
    let mut numbers = (0..36).cycle();
    while database.query_strings(&answered).is_empty() {
        let number = numbers.next().unwrap();
        pool.for_tenant(format!("client{number}")).get().await.unwrap();
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    pool.suspend_tenant("client36").await.unwrap();
    pool.drop_tenant("client37").await.unwrap();
    pool.rename_tenant("client38", "renamed").await.unwrap();
    gate.open();
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_millis(500) {
        assert!(is_suspended(pool.for_tenant("client36").get().await));
        assert!(is_unknown(pool.for_tenant("client37").get().await));
        assert!(is_unknown(pool.for_tenant("client38").get().await));
        pool.for_tenant("renamed").get().await.unwrap();
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test]
async fn nothing_is_read_ahead_that_could_not_be_remembered() {
    let (server, database) = logged(100).await;
    for cache in [(500, Duration::from_secs(60)), (10_000, Duration::ZERO)] {
        let pool = TenantPool::builder(database.url()).schema_cache(cache.0, cache.1);
        let pool = pool.build().await.unwrap();
        for number in 0..100 {
            pool.for_tenant(format!("client{number}")).get().await.unwrap();
        }
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!((look_ups(&server), lists(&server)), (200, 0));
}

#[tokio::test]
async fn with_a_directory_or_for_one_tenant_nothing_is_listed() {
    use diesel_tenants::directory::DirectoryTables;
    let server = Server::builder().setting("log_statement", "all").start().unwrap();
    let database = server.database();
    let pool = TenantPool::builder(database.url()).build().await.unwrap();
    pool.create_tenant("client1", NoMigrations).await.unwrap();
    pool.for_tenant("client1").get().await.unwrap();
    let directory = TenantPool::builder(database.url()).directory(DirectoryTables::new());
    let directory = directory.listen().build().await.unwrap();
    seen(async || server.log().contains("LISTEN diesel_tenants")).await;
    drop(directory);
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(!server.log().contains(LIST));
}
