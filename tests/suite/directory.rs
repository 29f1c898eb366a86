//! Directories: who there is, where they live, and what is remembered of it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use diesel_tenants::{
    BoxFuture, CheckoutError, DirectoryCache, LifecycleError, Placement, SchemaName, TenantDirectory, TenantPool,
    TenantPoolBuilder,
    directory::{
        CatalogDirectory, DirectoryAnswer, DirectoryEntry, DirectoryTables, FixedDirectory,
        schema::{domains, tenants},
    },
    migrations::NoMigrations,
};
use diesel_tenants_test_support::{Database, Server, chain};
use futures_util::future::join_all;

async fn pool(database: &Database, options: impl FnOnce(TenantPoolBuilder) -> TenantPoolBuilder) -> TenantPool {
    let builder = TenantPool::builder(database.url()).directory(DirectoryTables::new());
    let pool = options(builder).build().await.unwrap();
    pool.prepare_directory().await.unwrap();
    pool
}

fn rows(database: &Database) -> Vec<String> {
    database.values(
        "SELECT name || ' ' || coalesce(schema_name, 'rows ' || tenant_id) || coalesce(' in ' || database_name, '') || ' ' || \
         status FROM public.tenants ORDER BY 1",
    )
}

fn is_unknown<T>(result: Result<T, CheckoutError>) -> bool {
    matches!(result, Err(CheckoutError::UnknownTenant { .. }))
}

#[tokio::test]
async fn what_a_directory_says_can_be_remembered_for_ever() {
    let database = Server::shared().database();
    let for_ever = DirectoryCache::new().ttl(Duration::MAX).negative_ttl(Duration::MAX);
    let pool = pool(&database, |builder| builder.directory_cache(for_ever)).await;
    pool.create_tenant("client1", NoMigrations).await.unwrap();
    database.run("INSERT INTO domains (domain, tenant) VALUES ('shop.example', 'client1')");
    pool.for_tenant("client1").get().await.unwrap();
    pool.rename_tenant("client1", "client2").await.unwrap();
    pool.for_tenant("client2").get().await.unwrap();
    // Until no process remembers any more to whom the domain led, nobody else gets the name.
    let error = pool.create_tenant("client1", NoMigrations).await.unwrap_err();
    assert!(matches!(error, LifecycleError::LeftLately { .. }), "{error:?}");
}

#[tokio::test]
async fn a_tenants_row_follows_it_through_its_life() {
    let database = Server::shared().database();
    let pool = pool(&database, |builder| builder).await;
    pool.prepare_directory().await.unwrap();
    pool.create_tenant("it's", NoMigrations).await.unwrap();
    assert_eq!(rows(&database), ["it's it's active"]);
    pool.for_tenant("it's").get().await.unwrap();

    pool.rename_tenant("it's", "client1").await.unwrap();
    assert_eq!(rows(&database), ["client1 client1 active"]);
    pool.for_tenant("client1").get().await.unwrap();
    assert!(is_unknown(pool.for_tenant("it's").get().await));

    pool.suspend_tenant("client1").await.unwrap();
    assert_eq!(rows(&database), ["client1 client1 suspended"]);
    let error = pool.for_tenant("client1").get().await.unwrap_err();
    assert!(matches!(error, CheckoutError::SuspendedTenant { .. }), "{error:?}");

    let archive = pool.archive_tenant("client1").await.unwrap();
    assert_eq!(rows(&database), [format!("{archive} {archive} archived")]);
    assert!(is_unknown(pool.for_tenant("client1").get().await));
    assert!(is_unknown(pool.for_tenant(&archive).get().await));
    pool.restore_tenant(&archive, "client2").await.unwrap();
    assert_eq!(rows(&database), ["client2 client2 suspended"]);
    pool.resume_tenant("client2").await.unwrap();
    pool.for_tenant("client2").get().await.unwrap();

    pool.clone_tenant("client2", "client3").await.unwrap();
    let mut exported = Vec::new();
    pool.suspend_tenant("client3").await.unwrap();
    pool.export_tenant("client3").to(&mut exported).await.unwrap();
    pool.import_tenant("client5").from(&exported[..]).await.unwrap();
    assert_eq!(rows(&database)[2], "client5 client5 suspended");
    pool.drop_tenant("client5").await.unwrap();
    pool.resume_tenant("client3").await.unwrap();
    pool.prepare_spares(1, NoMigrations).await.unwrap();
    pool.create_tenant("client4", NoMigrations).await.unwrap();
    assert_eq!(
        rows(&database),
        [
            "client2 client2 active",
            "client3 client3 active",
            "client4 client4 active"
        ]
    );
    for tenant in ["client2", "client3", "client4"] {
        pool.drop_tenant(tenant).await.unwrap();
        assert!(is_unknown(pool.for_tenant(tenant).get().await));
    }
    assert!(rows(&database).is_empty() && database.schemas().is_empty());
}

#[tokio::test]
async fn a_row_that_is_refused_leaves_no_schema_and_one_that_can_not_go_keeps_its_schema() {
    let database = Server::shared().database();
    let pool = pool(&database, |builder| builder).await;
    pool.create_tenant("client1", NoMigrations).await.unwrap();
    database.run(
        "CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'the auditor says no'; END $$;
         CREATE TRIGGER refuse BEFORE INSERT OR UPDATE OR DELETE ON public.tenants
         FOR EACH ROW EXECUTE FUNCTION public.refuse()",
    );
    let refused = |result: Result<(), LifecycleError>| {
        let error = result.unwrap_err();
        assert!(chain(&error).contains("the auditor says no"), "{error}");
    };
    refused(pool.create_tenant("client2", NoMigrations).await.map(drop));
    refused(pool.rename_tenant("client1", "client3").await);
    refused(pool.suspend_tenant("client1").await);
    refused(pool.archive_tenant("client1").await.map(drop));
    refused(pool.drop_tenant("client1").await);
    assert!(pool.clone_tenant("client1", "client4").await.is_err());
    assert_eq!(rows(&database), ["client1 client1 active"]);
    assert_eq!(database.schemas(), ["client1"]);
    pool.for_tenant("client1").get().await.unwrap();
}

#[tokio::test]
async fn a_schema_without_a_row_is_nobodys_and_two_tenants_can_not_have_one_schema() {
    let database = Server::shared().database();
    let pool = pool(&database, |builder| builder).await;
    database.run("CREATE SCHEMA client1; CREATE SCHEMA client2");
    assert!(is_unknown(pool.for_tenant("client1").get().await));
    database.run("INSERT INTO public.tenants (name, schema_name) VALUES ('one', 'client1')");
    let mut conn = pool.shared().get().await.unwrap();
    let two = (tenants::name.eq("two"), tenants::schema_name.eq("client1"));
    let error = diesel::insert_into(tenants::table)
        .values(&two)
        .execute(&mut conn)
        .await
        .unwrap_err();
    assert!(chain(&error).contains("tenants_place"), "{error}");
    // A row with a name that is taken keeps the schema from being made.
    database.run("INSERT INTO public.tenants (name, tenant_id) VALUES ('three', '3')");
    let error = pool.create_tenant("three", NoMigrations).await.unwrap_err();
    assert!(matches!(error, LifecycleError::AlreadyExists { .. }), "{error:?}");
    assert_eq!(database.schemas(), ["client1", "client2"]);
}

#[tokio::test]
async fn users_add_columns_and_join_the_tables_with_typed_queries() {
    diesel::table! { public.plans (tenant) { tenant -> Text, plan -> Text } }
    diesel::table! { public.tenants (name) { name -> Text, status -> Text, paid_until -> Nullable<Date> } }
    diesel::joinable!(plans -> tenants (tenant));
    diesel::allow_tables_to_appear_in_same_query!(plans, tenants);

    let database = Server::shared().database();
    let pool = pool(&database, |builder| builder).await;
    database.run(
        "CREATE TABLE public.plans (tenant text PRIMARY KEY REFERENCES public.tenants ON UPDATE CASCADE ON DELETE CASCADE, plan text);
         ALTER TABLE public.tenants ADD COLUMN paid_until date",
    );
    pool.create_tenant("client1", NoMigrations).await.unwrap();
    let mut conn = pool.shared().get().await.unwrap();
    diesel::insert_into(plans::table)
        .values((plans::tenant.eq("client1"), plans::plan.eq("large")))
        .execute(&mut conn)
        .await
        .unwrap();
    pool.rename_tenant("client1", "client2").await.unwrap();
    let found: Vec<(String, String)> = plans::table
        .inner_join(tenants::table)
        .filter(tenants::status.eq("active").and(tenants::paid_until.is_null()))
        .select((tenants::name, plans::plan))
        .load(&mut conn)
        .await
        .unwrap();
    assert_eq!(found, [("client2".to_owned(), "large".to_owned())]);
}

#[tokio::test]
async fn domains_belong_to_one_tenant_each_with_one_of_them_its_main_one() {
    let database = Server::shared().database();
    let pool = pool(&database, |builder| {
        builder.directory_cache(DirectoryCache::new().negative_ttl(Duration::ZERO))
    })
    .await;
    for tenant in ["client1", "client2"] {
        pool.create_tenant(tenant, NoMigrations).await.unwrap();
    }
    let mut conn = pool.shared().get().await.unwrap();
    let domain = |domain: &'static str, tenant: &'static str, is_primary: bool| {
        diesel::insert_into(domains::table).values((
            domains::domain.eq(domain),
            domains::tenant.eq(tenant),
            domains::is_primary.eq(is_primary),
        ))
    };
    domain("shop.example.org", "client1", true)
        .execute(&mut conn)
        .await
        .unwrap();
    domain("www.example.org", "client1", false)
        .execute(&mut conn)
        .await
        .unwrap();
    for (wrong, why) in [
        (domain("shop.example.org", "client2", false), "domains_pkey"),
        (domain("other.example.org", "client1", true), "domains_one_primary"),
        (domain("x.example.org", "nobody", false), "foreign key"),
        (domain("X.example.org", "client2", false), "check constraint"),
    ] {
        let error = wrong.execute(&mut conn).await.unwrap_err();
        assert!(chain(&error).contains(why), "{error}");
    }
    let of = async |domain: &str| {
        pool.tenant_of_domain(domain)
            .await
            .unwrap()
            .map(|name| name.to_string())
    };
    assert_eq!(of("Shop.Example.Org.").await.as_deref(), Some("client1"));
    assert_eq!(of("unknown.example.org").await, None);
    for hostile in ["", ".", "'; DROP TABLE domains; --", &"x".repeat(100_000)] {
        assert_eq!(of(hostile).await, None);
    }
    pool.drop_tenant("client1").await.unwrap();
    tokio::time::sleep(Duration::from_millis(10)).await;
    assert!(is_unknown(pool.for_tenant("client1").get().await));
    let left: i64 = domains::table.count().get_result(&mut conn).await.unwrap();
    assert_eq!(left, 0, "the domains went with their tenant");
}

#[tokio::test]
async fn a_hundred_requests_for_one_tenant_ask_once_and_a_hot_tenant_costs_no_query() {
    let server = Server::builder().setting("log_statement", "all").start().unwrap();
    let database = server.database();
    let pool = pool(&database, |builder| builder.max_size(4)).await;
    pool.create_tenant("client1", NoMigrations).await.unwrap();
    let asked = || {
        let log = server.log();
        log.lines()
            .filter(|line| line.contains("tenants WHERE name = $1"))
            .count()
    };
    let before = asked();
    for tenant in ["client1", "nobody"] {
        let found = join_all((0..100).map(async |_| pool.for_tenant(tenant).get().await.is_ok())).await;
        assert_eq!(found, [tenant == "client1"; 100]);
    }
    assert_eq!(asked() - before, 2, "one for each");
}

/// Counts how often it is asked, and fails when told to.
#[derive(Clone, Default)]
struct Counting {
    asked: Arc<AtomicUsize>,
    failing: Arc<AtomicUsize>,
    late: Duration,
}

impl TenantDirectory for Counting {
    fn find<'a>(&'a self, tenant: &'a SchemaName, _: &'a TenantPool) -> BoxFuture<'a, DirectoryAnswer<DirectoryEntry>> {
        Box::pin(async move {
            self.asked.fetch_add(1, SeqCst);
            if !self.late.is_zero() {
                tokio::time::sleep(self.late).await;
            }
            match (self.failing.fetch_add(0, SeqCst), tenant.as_str()) {
                (0, "client1") => Ok(Some(DirectoryEntry::new(Placement::schema(tenant.clone())))),
                (0, _) => Ok(None),
                _ => Err("the directory is on fire".into()),
            }
        })
    }
}

#[tokio::test]
async fn an_unreachable_directory_fails_closed_and_is_not_asked_by_everybody() {
    let database = Server::shared().database();
    database.run("CREATE SCHEMA client1");
    let directory = Counting {
        late: Duration::from_millis(50),
        ..Counting::default()
    };
    directory.failing.store(1, SeqCst);
    let pool = TenantPool::builder(database.url())
        .directory(directory.clone())
        .directory_cache(DirectoryCache::new().failure_ttl(Duration::from_millis(200)))
        .build()
        .await
        .unwrap();
    let results = join_all((0..50).map(|_| pool.for_tenant("client1").get())).await;
    for result in results {
        let error = result.unwrap_err();
        assert_eq!(
            chain(&error),
            "can't ask the directory for tenant \"client1\": the directory is on fire"
        );
    }
    assert_eq!(directory.asked.fetch_add(0, SeqCst), 1);
    directory.failing.store(0, SeqCst);
    tokio::time::sleep(Duration::from_millis(250)).await;
    pool.for_tenant("client1").get().await.unwrap();
}

#[tokio::test]
async fn what_was_known_is_served_from_an_unreachable_directory_only_if_that_is_allowed() {
    let database = Server::shared().database();
    database.run("CREATE SCHEMA client1");
    for allowed in [false, true] {
        let directory = Counting::default();
        let stale = Duration::from_secs(if allowed { 60 } else { 0 });
        let times = DirectoryCache::new()
            .ttl(Duration::from_millis(50))
            .stale_if_error(stale);
        let pool = TenantPool::builder(database.url())
            .directory(directory.clone())
            .directory_cache(times)
            .build()
            .await
            .unwrap();
        pool.for_tenant("client1").get().await.unwrap();
        directory.failing.store(1, SeqCst);
        tokio::time::sleep(Duration::from_millis(60)).await;
        assert_eq!(pool.for_tenant("client1").get().await.is_ok(), allowed);
        assert!(
            pool.for_tenant("client2").get().await.is_err(),
            "nothing is known of that one"
        );
    }
}

#[tokio::test]
async fn a_request_that_is_given_up_lets_the_next_one_ask() {
    let database = Server::shared().database();
    database.run("CREATE SCHEMA client1");
    let directory = Counting {
        late: Duration::from_millis(100),
        ..Counting::default()
    };
    let pool = TenantPool::builder(database.url())
        .directory(directory.clone())
        .build()
        .await
        .unwrap();
    let given_up = tokio::time::timeout(Duration::from_millis(20), pool.for_tenant("client1").get());
    let (given_up, waiting) = tokio::join!(given_up, pool.for_tenant("client1").get());
    assert!(given_up.is_err());
    waiting.unwrap();
    assert_eq!(directory.asked.fetch_add(0, SeqCst), 2);
}

#[tokio::test]
async fn a_hundred_thousand_unknown_tenants_are_asked_for_once_each_and_do_not_push_the_known_one_out() {
    let database = Server::shared().database();
    database.run("CREATE SCHEMA client1");
    let directory = Counting::default();
    let pool = TenantPool::builder(database.url())
        .directory(directory.clone())
        .directory_cache(
            DirectoryCache::new()
                .capacity(100)
                .negative_ttl(Duration::from_secs(60)),
        )
        .build()
        .await
        .unwrap();
    for _ in 0..3 {
        pool.for_tenant("client1").get().await.unwrap();
    }
    for number in 0..100_000 {
        assert!(is_unknown(pool.for_tenant(format!("unknown{number}")).get().await));
        if number % 50 == 0 {
            pool.for_tenant("client1").get().await.unwrap();
        }
    }
    let asked = directory.asked.fetch_add(0, SeqCst);
    assert!((100_001..100_100).contains(&asked), "{asked}");
}

#[tokio::test]
async fn with_the_catalog_as_directory_an_unknown_tenant_costs_one_query() {
    let server = Server::builder().setting("log_statement", "all").start().unwrap();
    let database = server.database();
    database.run("CREATE SCHEMA client1");
    let pool = TenantPool::builder(database.url())
        .directory(CatalogDirectory)
        .build()
        .await
        .unwrap();
    pool.for_tenant("client1").get().await.unwrap();
    let asked = || {
        server
            .log()
            .lines()
            .filter(|line| line.contains("n.nspname = $1"))
            .count()
    };
    let before = asked();
    for _ in 0..20 {
        assert!(is_unknown(pool.for_tenant("nobody").get().await));
        pool.for_tenant("client1").get().await.unwrap();
    }
    assert_eq!(asked() - before, 1);
    // Created by this pool it is seen at once.
    pool.create_tenant("nobody", NoMigrations).await.unwrap();
    pool.for_tenant("nobody").get().await.unwrap();
}

#[tokio::test]
async fn what_one_process_does_another_one_that_listens_sees_within_a_second() {
    let database = Server::shared().database();
    let here = pool(&database, |builder| builder).await;
    let there = pool(&database, |builder| builder.listen()).await;
    here.create_tenant("client1", NoMigrations).await.unwrap();
    seen(async || there.for_tenant("client1").get().await.is_ok()).await;
    here.suspend_tenant("client1").await.unwrap();
    seen(async || {
        matches!(
            there.for_tenant("client1").get().await,
            Err(CheckoutError::SuspendedTenant { .. })
        )
    })
    .await;
    here.resume_tenant("client1").await.unwrap();
    seen(async || there.for_tenant("client1").get().await.is_ok()).await;
    here.rename_tenant("client1", "client2").await.unwrap();
    seen(async || there.for_tenant("client2").get().await.is_ok()).await;
    seen(async || is_unknown(there.for_tenant("client1").get().await)).await;

    // A row or a domain that was changed by hand counts as well.
    assert_eq!(there.tenant_of_domain("example.org").await.unwrap(), None);
    database.run("INSERT INTO public.domains (domain, tenant) VALUES ('example.org', 'client2')");
    seen(async || there.tenant_of_domain("example.org").await.unwrap().is_some()).await;
    database.run("UPDATE public.tenants SET status = 'suspended'");
    seen(async || {
        matches!(
            there.for_tenant("client2").get().await,
            Err(CheckoutError::SuspendedTenant { .. })
        )
    })
    .await;

    // The connection that listens is made again, and what was missed is looked up.
    database.run("UPDATE public.tenants SET status = 'active'");
    seen(async || there.for_tenant("client2").get().await.is_ok()).await;
    database.run(
        "ALTER TABLE public.tenants DISABLE TRIGGER USER; UPDATE public.tenants SET status = 'suspended';
         SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'",
    );
    seen(async || {
        matches!(
            there.for_tenant("client2").get().await,
            Err(CheckoutError::SuspendedTenant { .. })
        )
    })
    .await;
    // And closed with the pool.
    let listening = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'";
    there.close();
    seen(async || database.query_strings(listening).is_empty()).await;
}

#[tokio::test]
async fn without_a_directory_too_what_is_done_elsewhere_is_heard() {
    let database = Server::shared().database();
    let here = TenantPool::builder(database.url()).build().await.unwrap();
    let there = TenantPool::builder(database.url()).listen().build().await.unwrap();
    here.create_tenant("client1", NoMigrations).await.unwrap();
    seen(async || there.for_tenant("client1").get().await.is_ok()).await;
    here.suspend_tenant("client1").await.unwrap();
    seen(async || {
        matches!(
            there.for_tenant("client1").get().await,
            Err(CheckoutError::SuspendedTenant { .. })
        )
    })
    .await;
    here.drop_tenant("client1").await.unwrap();
    seen(async || is_unknown(there.for_tenant("client1").get().await)).await;
}

async fn seen(happened: impl AsyncFn() -> bool) {
    let begun = std::time::Instant::now();
    while !happened().await {
        assert!(begun.elapsed() < Duration::from_secs(5), "not seen in time");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn tenants_are_created_suspended_renamed_and_dropped_wherever_they_live() {
    let (main, shard) = (Server::shared().database(), Server::shared().database());
    shard.run("CREATE SCHEMA taken");
    let pool = pool(&main, |builder| builder.database("shard", shard.url())).await;
    let at = |schema: &str| Placement::schema(schema.parse().unwrap()).in_database("shard");
    pool.place_tenant("client1", at("first"), NoMigrations).await.unwrap();
    pool.place_tenant("client2", Placement::rows("2"), NoMigrations)
        .await
        .unwrap();
    pool.place_tenant("client3", Placement::schema("client3".parse().unwrap()), NoMigrations)
        .await
        .unwrap();
    assert_eq!(
        rows(&main),
        [
            "client1 first in shard active",
            "client2 rows 2 active",
            "client3 client3 active"
        ]
    );
    main.run("CREATE SCHEMA nobodys");
    let listed = pool.tenants().await.unwrap();
    let listed: Vec<&str> = listed.iter().map(|tenant| tenant.name.as_str()).collect();
    assert_eq!(listed, ["client1", "client2", "client3"]);
    assert_eq!(shard.schemas(), ["first", "taken"]);
    pool.for_tenant("client1").get().await.unwrap();

    for (tenant, placement, why) in [
        ("client1", at("second"), "already"),
        ("client4", at("first"), "already"),
        ("client4", at("taken"), "already"),
        ("client4", Placement::rows("2"), "another tenant lives in that place"),
        (
            "client4",
            Placement::schema("other".parse().unwrap()),
            "must have the tenant's name",
        ),
        (
            "client4",
            Placement::schema("x".parse().unwrap()).in_database("nowhere"),
            "not declared",
        ),
    ] {
        let error = pool.place_tenant(tenant, placement, NoMigrations).await.unwrap_err();
        assert!(chain(&error).contains(why), "{}", chain(&error));
    }
    assert_eq!(rows(&main).len(), 3);

    pool.suspend_tenant("client1").await.unwrap();
    let error = pool.for_tenant("client1").get().await.unwrap_err();
    assert!(matches!(error, CheckoutError::SuspendedTenant { .. }), "{error:?}");
    pool.resume_tenant("client1").await.unwrap();
    pool.rename_tenant("client1", "client9").await.unwrap();
    let conn = pool.for_tenant("client9").get().await.unwrap();
    assert!(is_unknown(pool.for_tenant("client1").get().await));
    drop(conn);
    pool.drop_tenant("client9").await.unwrap();
    pool.drop_tenant("client2").await.unwrap();
    assert_eq!(rows(&main), ["client3 client3 active"]);
    assert_eq!(shard.schemas(), ["taken"]);
    assert!(is_unknown(pool.for_tenant("client9").get().await));
}

#[tokio::test]
async fn a_tenant_elsewhere_that_is_renamed_keeps_its_schema_also_where_that_has_its_name() {
    let (main, shard) = (Server::shared().database(), Server::shared().database());
    // Of nobody in the directory, and with the tenant's new name.
    shard.run("CREATE SCHEMA client2; CREATE TABLE client2.items AS SELECT 'not yours' AS code");
    let pool = pool(&main, |builder| builder.database("shard", shard.url())).await;
    let placement = Placement::schema("client1".parse().unwrap()).in_database("shard");
    pool.place_tenant("client1", placement, NoMigrations).await.unwrap();
    shard.run("CREATE TABLE client1.items AS SELECT 'mine' AS code");
    pool.rename_tenant("client1", "client2").await.unwrap();
    assert_eq!(rows(&main), ["client2 client1 in shard active"]);
    let mut conn = pool.for_tenant("client2").get().await.unwrap();
    let code = diesel::dsl::sql::<diesel::sql_types::Text>("(SELECT code FROM items)");
    assert_eq!(diesel::select(code).get_result(&mut conn).await, Ok("mine".to_owned()));
    drop(conn);
    pool.drop_tenant("client2").await.unwrap();
    assert_eq!(shard.schemas(), ["client2"]);
}

#[tokio::test]
async fn a_placement_that_a_crash_left_unfinished_is_finished_by_the_same_call() {
    let (main, shard) = (Server::shared().database(), Server::shared().database());
    let pool = pool(&main, |builder| builder.database("shard", shard.url())).await;
    let placement = Placement::schema("first".parse().unwrap()).in_database("shard");
    // As it is after a crash before, and after one behind the schema's creation.
    for made in ["SELECT", "CREATE SCHEMA first"] {
        shard.run(made);
        main.run(
            "INSERT INTO public.tenants (name, schema_name, database_name, status) VALUES ('client1', 'first', 'shard', 'unfinished')",
        );
        assert!(is_unknown(pool.for_tenant("client1").get().await));
        // Nothing else makes it a tenant.
        for refused in [
            pool.resume_tenant("client1").await,
            pool.suspend_tenant("client1").await,
            pool.rename_tenant("client1", "client2").await.map(drop),
        ] {
            let error = refused.unwrap_err();
            assert!(matches!(error, LifecycleError::Elsewhere { .. }), "{error:?}");
        }
        assert!(is_unknown(pool.for_tenant("client1").get().await));
        pool.place_tenant("client1", placement.clone(), NoMigrations)
            .await
            .unwrap();
        pool.for_tenant("client1").get().await.unwrap();
        pool.drop_tenant("client1").await.unwrap();
    }
    let both = join_all((0..2).map(|_| pool.place_tenant("client1", placement.clone(), NoMigrations))).await;
    assert_eq!(
        both.iter().filter(|result| result.is_ok()).count(),
        1,
        "two at once: {both:?}"
    );
    pool.for_tenant("client1").get().await.unwrap();
}

#[tokio::test]
async fn a_directory_that_can_not_be_changed_says_so() {
    let (main, shard) = (Server::shared().database(), Server::shared().database());
    shard.run("CREATE SCHEMA first");
    let placement = Placement::schema("first".parse().unwrap()).in_database("shard");
    let pool = TenantPool::builder(main.url())
        .directory(FixedDirectory::new().with("client1", placement.clone()).unwrap())
        .database("shard", shard.url())
        .build()
        .await
        .unwrap();
    pool.for_tenant("client1").get().await.unwrap();
    let no_directory =
        |error: LifecycleError| assert!(matches!(error, LifecycleError::NoDirectory { .. }), "{error:?}");
    no_directory(
        pool.place_tenant("client2", Placement::rows("2"), NoMigrations)
            .await
            .unwrap_err(),
    );
    no_directory(pool.suspend_tenant("client1").await.unwrap_err());
    no_directory(pool.drop_tenant("client1").await.unwrap_err());
    assert_eq!(shard.schemas(), ["first"]);
    let taken = FixedDirectory::new()
        .with("a", placement.clone())
        .unwrap()
        .with("b", placement)
        .unwrap_err();
    assert_eq!(
        taken.to_string(),
        "tenants \"b\" and \"a\" can't both be in schema \"first\" of database \"shard\""
    );
}
