//! How long what is known of tenants is believed: nothing that is older than a change, and absence for a second.

use std::{
    pin::pin,
    time::{Duration, Instant},
};

use diesel_tenants::{
    CheckoutError, LifecycleError, TenantPool, TenantPoolBuilder,
    directory::{DirectoryCache, DirectoryTables},
    migrations::NoMigrations,
};
use diesel_tenants_test_support::{Database, Server};
use futures_util::poll;

/// Longer than anybody should wait, and shorter than a minute, which is what is believed of tenants that exist.
const LONG: Duration = Duration::from_secs(30);

async fn seen(happened: impl AsyncFn() -> bool) {
    let begun = Instant::now();
    while !happened().await {
        assert!(begun.elapsed() < LONG, "not seen in time");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn directory(database: &Database, options: impl FnOnce(TenantPoolBuilder) -> TenantPoolBuilder) -> TenantPool {
    let builder = TenantPool::builder(database.url()).directory(DirectoryTables::new());
    let pool = options(builder).build().await.unwrap();
    pool.prepare_directory().await.unwrap();
    pool
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    Created,
    Suspended,
    Renamed,
    Archived,
    Dropped,
}

impl Change {
    async fn make(self, pool: &TenantPool, tenant: &str) -> Result<(), LifecycleError> {
        match self {
            Self::Created => pool.create_tenant(tenant, NoMigrations).await.map(drop),
            Self::Suspended => pool.suspend_tenant(tenant).await,
            Self::Renamed => pool.rename_tenant(tenant, format!("{tenant} renamed")).await,
            Self::Archived => pool.archive_tenant(tenant).await.map(drop),
            Self::Dropped => pool.drop_tenant(tenant).await,
        }
    }
}

/// Asks for a tenant, changes it when the question has got so far, hears the answer, and asks again. Tells whether the
/// question took longer.
async fn overtake(pool: &TenantPool, change: Change, polls: usize) -> bool {
    let tenant = &format!("{change:?} {polls}");
    if change != Change::Created {
        pool.create_tenant(tenant, NoMigrations).await.unwrap();
    }
    let mut is_under_way = true;
    let mut asked = pin!(pool.for_tenant(tenant).get());
    let mut answered = None;
    for _ in 0..polls {
        if let std::task::Poll::Ready(answer) = poll!(&mut asked) {
            (answered, is_under_way) = (Some(answer), false);
            break;
        }
        // The server answers, and nobody reads it yet.
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    change.make(pool, tenant).await.unwrap();
    // It may tell what was before.
    drop(match answered {
        Some(answer) => answer,
        None => asked.await,
    });
    let answer = pool.for_tenant(tenant).get().await;
    let is_right = match change {
        Change::Created => answer.is_ok(),
        Change::Suspended => matches!(answer, Err(CheckoutError::SuspendedTenant { .. })),
        _ => matches!(answer, Err(CheckoutError::UnknownTenant { .. })),
    };
    assert!(is_right, "{change:?} after {polls} polls: {answer:?}");
    is_under_way
}

async fn overtake_at_every_step(pool: &TenantPool) {
    for change in [
        Change::Created,
        Change::Suspended,
        Change::Renamed,
        Change::Archived,
        Change::Dropped,
    ] {
        let mut polls = 0;
        while overtake(pool, change, polls).await {
            polls += 1;
        }
        assert!(polls > 0, "the question was never under way");
    }
}

#[tokio::test]
async fn a_look_up_of_a_schema_that_a_change_overtakes_is_not_remembered() {
    let database = Server::shared().database();
    let pool = TenantPool::builder(database.url()).build().await.unwrap();
    overtake_at_every_step(&pool).await;
}

#[tokio::test]
async fn an_answer_of_the_directory_that_a_change_overtakes_is_not_remembered() {
    let database = Server::shared().database();
    overtake_at_every_step(&directory(&database, |builder| builder).await).await;
}

#[tokio::test]
async fn a_domain_that_moves_to_another_tenant_leads_there_in_every_process_that_listens() {
    let database = Server::shared().database();
    let here = directory(&database, |builder| builder).await;
    // Only news can tell it of what was not there.
    let absence = DirectoryCache::new().negative_ttl(Duration::from_secs(3600));
    let there = directory(&database, |builder| builder.listen().directory_cache(absence)).await;
    for tenant in ["client1", "client2"] {
        here.create_tenant(tenant, NoMigrations).await.unwrap();
    }
    // Once it listens: what it knew before is forgotten then.
    let listeners = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'";
    seen(async || !database.values(listeners).is_empty()).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(there.tenant_of_domain("example.org").await.unwrap(), None);
    database.run("INSERT INTO public.domains (domain, tenant) VALUES ('example.org', 'client1')");
    let leads_to = async |tenant: &str| {
        let found = there.tenant_of_domain("example.org").await.unwrap();
        found.is_some_and(|found| found.as_str() == tenant)
    };
    seen(async || leads_to("client1").await).await;
    database.run("UPDATE public.domains SET tenant = 'client2'");
    seen(async || leads_to("client2").await).await;
    // A tenant that is renamed takes its domains along.
    here.rename_tenant("client2", "client3").await.unwrap();
    seen(async || leads_to("client3").await).await;
    // A domain that is renamed is no longer anybody's.
    database.run("UPDATE public.domains SET domain = 'example.net'");
    seen(async || there.tenant_of_domain("example.org").await.unwrap().is_none()).await;
    let is_nobodys = async || there.tenant_of_domain("example.net").await.unwrap().is_none();
    for empty in ["DELETE FROM public.domains", "TRUNCATE public.domains"] {
        database.run(empty);
        seen(is_nobodys).await;
        database.run("INSERT INTO public.domains (domain, tenant) VALUES ('example.net', 'client3')");
        seen(async || !is_nobodys().await).await;
        // Known from now on, when all news have come, so that only more can tell.
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert!(!is_nobodys().await);
    }
}

#[tokio::test]
async fn a_connection_that_listens_is_made_again_as_often_as_it_dies_and_hears_what_comes_then() {
    let database = Server::shared().database();
    let here = directory(&database, |builder| builder).await;
    let there = directory(&database, |builder| builder.listen()).await;
    here.create_tenant("client1", NoMigrations).await.unwrap();
    let listeners =
        "SELECT pid::text FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'";
    let is_suspended = async || {
        let answer = there.for_tenant("client1").get().await;
        matches!(answer, Err(CheckoutError::SuspendedTenant { .. }))
    };
    for _ in 0..3 {
        seen(async || !database.values(listeners).is_empty()).await;
        let before = database.values(listeners);
        database.run(&format!(
            "SELECT pg_terminate_backend(pid::int) FROM ({listeners}) l (pid)"
        ));
        seen(async || {
            let now = database.values(listeners);
            !now.is_empty() && now != before
        })
        .await;
        // Known from now on, so that only news can tell.
        seen(async || there.for_tenant("client1").get().await.is_ok()).await;
        here.suspend_tenant("client1").await.unwrap();
        seen(is_suspended).await;
        here.resume_tenant("client1").await.unwrap();
    }
}

#[tokio::test]
async fn that_there_is_no_tenant_is_remembered_for_a_second_and_not_for_a_minute() {
    let database = Server::shared().database();
    let with_directory = directory(&database, |builder| builder).await;
    let without = TenantPool::builder(database.url()).build().await.unwrap();
    for pool in [&with_directory, &without] {
        assert!(pool.for_tenant("client1").get().await.is_err());
        assert_eq!(with_directory.tenant_of_domain("example.org").await.unwrap(), None);
    }
    // By another process, whom nobody hears.
    directory(&database, |builder| builder)
        .await
        .create_tenant("client1", NoMigrations)
        .await
        .unwrap();
    database.run("INSERT INTO public.domains (domain, tenant) VALUES ('example.org', 'client1')");
    for pool in [&with_directory, &without] {
        seen(async || pool.for_tenant("client1").get().await.is_ok()).await;
    }
    seen(async || with_directory.tenant_of_domain("example.org").await.unwrap().is_some()).await;
}

#[tokio::test]
async fn a_pool_that_is_to_remember_no_schema_remembers_no_absence() {
    let database = Server::shared().database();
    let builder = TenantPool::builder(database.url()).schema_cache(100, Duration::ZERO);
    let pool = builder.build().await.unwrap();
    assert!(pool.for_tenant("client1").get().await.is_err());
    database.run("CREATE SCHEMA client1");
    pool.for_tenant("client1").get().await.unwrap();
}

#[tokio::test]
async fn a_flood_of_unknown_names_without_a_directory_costs_one_query_for_each_name_and_second() {
    let server = Server::builder().setting("log_statement", "all").start().unwrap();
    let database = server.database();
    database.run("CREATE SCHEMA client1");
    let pool = TenantPool::builder(database.url()).max_size(1).build().await.unwrap();
    pool.for_tenant("client1").get().await.unwrap();
    let asked = || {
        let log = server.log();
        log.lines().filter(|line| line.contains("n.nspname = $1")).count()
    };
    let before = asked();
    let begun = Instant::now();
    let is_unknown = async || {
        let answer = pool.for_tenant("nobody").get().await;
        matches!(answer, Err(CheckoutError::UnknownTenant { .. }))
    };
    for _ in 0..200 {
        assert!(is_unknown().await);
        pool.for_tenant("client1").get().await.unwrap();
    }
    let seconds = begun.elapsed().as_secs() as usize;
    assert!(
        (1..=1 + seconds).contains(&(asked() - before)),
        "{} in {seconds} s",
        asked() - before
    );
    // It takes no connection, while there is none.
    assert!(is_unknown().await);
    let held = pool.for_tenant("client1").get().await.unwrap();
    let answered = tokio::time::timeout(Duration::from_millis(500), is_unknown()).await;
    assert!(answered.is_ok_and(|unknown| unknown) || begun.elapsed() > Duration::from_secs(1));
    drop(held);
    // Created by this pool it is there at once.
    pool.create_tenant("nobody", NoMigrations).await.unwrap();
    pool.for_tenant("nobody").get().await.unwrap();
}

#[tokio::test]
async fn thousands_of_names_of_no_schema_do_not_push_out_one_that_exists() {
    let server = Server::builder().setting("log_statement", "all").start().unwrap();
    let database = server.database();
    database.run("CREATE SCHEMA client1");
    let pool = TenantPool::builder(database.url())
        .schema_cache(100, Duration::from_secs(3600))
        .build()
        .await
        .unwrap();
    pool.for_tenant("client1").get().await.unwrap();
    let asked = || {
        let log = server.log();
        log.lines()
            .filter(|line| line.contains("'client1'") && line.contains("arameters"))
            .count()
    };
    let before = asked();
    assert_ne!(before, 0);
    for number in 0..2_000 {
        assert!(pool.for_tenant(format!("unknown{number}")).get().await.is_err());
    }
    pool.for_tenant("client1").get().await.unwrap();
    assert_eq!(asked(), before);
}

#[tokio::test]
async fn a_tenants_row_tells_when_it_was_made_and_when_it_was_changed() {
    let database = Server::shared().database();
    let pool = directory(&database, |builder| builder).await;
    let times = || {
        let times = database.values("SELECT unnest(ARRAY[created_at, updated_at])::text FROM public.tenants");
        <[String; 2]>::try_from(times).unwrap()
    };
    let count = |condition: &str| {
        database
            .values(&format!("SELECT count(*)::text FROM public.tenants WHERE {condition}"))
            .remove(0)
    };
    pool.create_tenant("client1", NoMigrations).await.unwrap();
    assert_eq!(
        count("created_at = updated_at AND created_at BETWEEN now() - interval '10 min' AND now()"),
        "1"
    );
    let [created, mut updated] = times();
    pool.suspend_tenant("client1").await.unwrap();
    for sql in [
        "",
        "UPDATE public.tenants SET status = 'active'",
        "UPDATE public.tenants SET updated_at = '2001-01-01'",
    ] {
        if !sql.is_empty() {
            database.run(sql);
        }
        let [still, now] = times();
        assert_eq!(still, created);
        assert_ne!(now, updated, "{sql}");
        assert_eq!(count("updated_at > created_at"), "1");
        updated = now;
    }
}
