//! Where new tenants are placed.

use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use diesel_tenants::{
    BoxFuture, LifecycleError, Placement, PlacementPolicy, SchemaName, TenantPool, TenantPoolBuilder,
    directory::{DirectoryTables, FewestTenants, Hashed},
    migrations::NoMigrations,
    tenancy::PolicyAnswer,
};
use diesel_tenants_test_support::{Database, Server, chain};
use futures_util::future::join_all;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("tenant_migrations");

struct Shards {
    main: Database,
    shards: [Database; 2],
}

impl Shards {
    fn new() -> Self {
        let database = || {
            let database = Server::shared().database();
            database.run("CREATE TABLE public.users (id bigint PRIMARY KEY, name text NOT NULL)");
            database
        };
        Self {
            main: database(),
            shards: [database(), database()],
        }
    }

    async fn pool(&self, options: impl FnOnce(TenantPoolBuilder) -> TenantPoolBuilder) -> TenantPool {
        let [one, two] = &self.shards;
        let builder = TenantPool::builder(self.main.url())
            .directory(DirectoryTables::new())
            .database("shard1", one.url())
            .database("shard2", two.url());
        let pool = options(builder).build().await.unwrap();
        pool.prepare_directory().await.unwrap();
        pool
    }

    /// Who lives where, by the directory.
    fn rows(&self) -> Vec<String> {
        self.main.values(
            "SELECT name || ' ' || coalesce(schema_name, 'rows') || ' ' || coalesce(database_name, 'main') || ' ' || status \
             FROM public.tenants ORDER BY 1",
        )
    }

    fn counts(&self) -> Vec<String> {
        self.main.values(
            "SELECT coalesce(database_name, 'main') || ' ' || count(*) FROM public.tenants GROUP BY database_name ORDER BY 1",
        )
    }
}

#[tokio::test]
async fn new_tenants_go_where_the_fewest_are() {
    let shards = Shards::new();
    let policy = FewestTenants::among(["shard1", "shard2"]).or_main();
    let pool = shards.pool(|builder| builder.placement_policy(policy)).await;
    for tenant in ["a", "b", "c", "d"] {
        let versions = pool.create_tenant(tenant, MIGRATIONS).await.unwrap();
        assert!(!versions.is_empty());
        pool.for_tenant(tenant).get().await.unwrap();
    }
    assert_eq!(
        shards.rows(),
        [
            "a a shard1 active",
            "b b shard2 active",
            "c c main active",
            "d d shard1 active"
        ]
    );
    assert_eq!(shards.shards[0].schemas(), ["a", "d"]);
    assert_eq!(shards.main.schemas(), ["c"]);
    // One that was chosen for it counts, whoever did.
    let explicit = Placement::schema("e".parse().unwrap()).in_database("shard2");
    pool.place_tenant("e", explicit, MIGRATIONS).await.unwrap();
    pool.ensure_tenant("f", MIGRATIONS).await.unwrap();
    pool.drop_tenant("a").await.unwrap();
    pool.drop_tenant("d").await.unwrap();
    pool.ensure_tenant("g", MIGRATIONS).await.unwrap();
    assert_eq!(shards.counts(), ["main 2", "shard1 1", "shard2 2"]);
}

#[tokio::test]
async fn a_tenant_that_is_there_is_migrated_where_it_lives() {
    let shards = Shards::new();
    let pool = shards
        .pool(|builder| builder.placement_policy(Hashed::among(["shard2"])))
        .await;
    assert!(pool.ensure_tenant("client1", NoMigrations).await.unwrap().is_empty());
    assert!(!pool.ensure_tenant("client1", MIGRATIONS).await.unwrap().is_empty());
    assert!(pool.ensure_tenant("client1", MIGRATIONS).await.unwrap().is_empty());
    assert_eq!(shards.rows(), ["client1 client1 shard2 active"]);
    assert!(shards.main.schemas().is_empty());
    let error = pool.create_tenant("client1", MIGRATIONS).await.unwrap_err();
    assert!(matches!(error, LifecycleError::AlreadyExists { .. }), "{error:?}");
    // Also by a pool that knows of no policy.
    let other = shards.pool(|builder| builder).await;
    assert!(other.ensure_tenant("client1", MIGRATIONS).await.unwrap().is_empty());
    assert!(shards.main.schemas().is_empty());
}

#[tokio::test]
async fn two_sign_ups_at_once_make_one_tenant_and_ten_of_others_make_ten() {
    let shards = Shards::new();
    let pool = shards
        .pool(|builder| builder.placement_policy(FewestTenants::among(["shard1", "shard2"])))
        .await;
    let both = join_all((0..2).map(|_| pool.create_tenant("client1", MIGRATIONS).into_future())).await;
    assert_eq!(both.iter().filter(|result| result.is_ok()).count(), 1, "{both:?}");
    for error in both.into_iter().filter_map(Result::err) {
        assert!(matches!(error, LifecycleError::AlreadyExists { .. }), "{error:?}");
    }
    let ten =
        join_all((0..10).map(|number| pool.create_tenant(format!("other{number}"), MIGRATIONS).into_future())).await;
    for result in ten {
        result.unwrap_or_else(|error| panic!("{}", chain(&error)));
    }
    assert_eq!(shards.rows().len(), 11);
    let made: usize = shards.shards.iter().map(|shard| shard.schemas().len()).sum();
    assert_eq!(made, 11);
}

#[tokio::test]
async fn a_shard_that_is_down_leaves_nothing_behind_and_the_same_call_works_later() {
    let (shards, server) = (Shards::new(), Server::start());
    let shard = server.database();
    let pool = shards
        .pool(|builder| {
            builder
                .database("shard3", shard.url())
                .placement_policy(Hashed::among(["shard3"]))
        })
        .await;
    for was_open in [false, true] {
        server.stop();
        let error = pool.create_tenant("client1", NoMigrations).await.unwrap_err();
        assert!(chain(&error).contains(&server.port().to_string()), "{}", chain(&error));
        assert!(shards.rows().is_empty(), "{was_open}");
        server.restart();
        pool.create_tenant("client1", NoMigrations).await.unwrap();
        pool.for_tenant("client1").get().await.unwrap();
        pool.drop_tenant("client1").await.unwrap();
    }
}

#[tokio::test]
async fn a_migration_that_fails_leaves_neither_a_row_nor_a_schema() {
    let shards = Shards::new();
    let pool = shards
        .pool(|builder| builder.placement_policy(Hashed::among(["shard1"])))
        .await;
    shards.shards[0].run("DROP TABLE public.users");
    let error = pool.create_tenant("client1", MIGRATIONS).await.unwrap_err();
    assert!(chain(&error).contains("users"), "{}", chain(&error));
    assert!(shards.rows().is_empty() && shards.shards[0].schemas().is_empty());
    shards.shards[0].run("CREATE TABLE public.users (id bigint PRIMARY KEY, name text NOT NULL)");
    pool.create_tenant("client1", MIGRATIONS).await.unwrap();
}

#[tokio::test]
async fn what_a_crash_left_is_finished_where_it_is_whatever_the_policy_says_by_now() {
    let shards = Shards::new();
    let pool = shards
        .pool(|builder| builder.placement_policy(Hashed::among(["shard2"])))
        .await;
    shards.main.run(
        "INSERT INTO public.tenants (name, schema_name, database_name, status) VALUES ('client1', 'client1', 'shard1', 'unfinished')",
    );
    pool.create_tenant("client1", NoMigrations).await.unwrap();
    assert_eq!(shards.rows(), ["client1 client1 shard1 active"]);
    assert!(shards.shards[1].schemas().is_empty());
}

struct Refuses;

impl PlacementPolicy for Refuses {
    fn place<'a>(&'a self, _: &'a SchemaName, _: &'a TenantPool) -> BoxFuture<'a, PolicyAnswer> {
        Box::pin(async { Err("all shards are full".into()) })
    }
}

#[tokio::test]
async fn a_policy_that_can_not_choose_and_a_pool_without_a_directory_are_errors() {
    let shards = Shards::new();
    let error_of = async |options: fn(TenantPoolBuilder) -> TenantPoolBuilder| {
        let pool = shards.pool(options).await;
        chain(&pool.create_tenant("client1", NoMigrations).await.unwrap_err())
    };
    assert_eq!(
        error_of(|builder| builder.placement_policy(Refuses)).await,
        "can't create tenant \"client1\": the placement policy could not choose a place; nothing was done: all shards are full"
    );
    let nothing = error_of(|builder| builder.placement_policy(Hashed::among(Vec::<String>::new()))).await;
    assert!(nothing.contains("no databases to choose from"), "{nothing}");
    let nothing = error_of(|builder| builder.placement_policy(FewestTenants::among(Vec::<String>::new()))).await;
    assert!(nothing.contains("no databases to choose from"), "{nothing}");
    let undeclared = error_of(|builder| builder.placement_policy(Hashed::among(["nowhere"]))).await;
    assert!(undeclared.contains("\"nowhere\" is not declared"), "{undeclared}");
    assert!(shards.rows().is_empty());
    let pool = TenantPool::builder(shards.main.url())
        .placement_policy(Hashed::among(["shard1"]))
        .build()
        .await
        .unwrap();
    let error = pool.create_tenant("client1", NoMigrations).await.unwrap_err();
    assert!(matches!(error, LifecycleError::NoDirectory { .. }), "{error:?}");
}
