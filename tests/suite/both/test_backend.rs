//! A kind of database, as the scenarios see it.

use std::time::Duration;

use diesel::prelude::*;
use diesel_async::{AsyncConnection, RunQueryDsl, SimpleAsyncConnection};
use diesel_migrations::FileBasedMigrations;
use diesel_tenants::{
    Backend, Checkout, CloneError, FleetReport, LifecycleError, MigrationError, Postgres, SchemaName, TenantPool,
    TranslateDsl,
    directory::{DirectoryTables, DomainError},
    migrations::TenantVersions,
};
use diesel_tenants_test_support::{Database, Server};

use super::{differences::Differences, recorder::Recorder};

diesel::table! { public.users (id) { id -> Integer, name -> Text } }
diesel::table! { items (id) { id -> Integer, description -> Text, price -> Integer } }
diesel::allow_tables_to_appear_in_same_query!(users, items);

/// Options of a pool that both builders have.
#[derive(Clone, Default)]
pub struct Options {
    pub max_size: Option<usize>,
    pub schema_cache: Option<(usize, Duration)>,
    pub symbolic_schema: Option<&'static str>,
    pub schema_map: Option<diesel_tenants::SchemaTranslateMap>,
    pub hooks: Option<Recorder>,
    /// Whether the pool has the directory's tables as its directory. Names and places are free at once.
    pub directory: bool,
}

/// Options of a run over all tenants.
#[derive(Clone, Copy, Default)]
pub struct Fleet {
    pub dry_run: bool,
    pub keep_going: bool,
    pub workers: Option<usize>,
}

/// A kind of database. Its methods have one body, compiled for each of them.
pub trait TestBackend: Backend + Differences {
    /// What has the database, until it is dropped.
    type Place: Send + Sync;

    fn place() -> Self::Place;
    fn pool(place: &Self::Place, options: Options) -> impl Future<Output = TenantPool<Self>> + Send;

    fn prices(conn: &mut Checkout<Self>) -> impl Future<Output = QueryResult<Vec<i32>>> + Send;
    fn prices_in(conn: &mut Checkout<Self>, schema: &str) -> impl Future<Output = QueryResult<Vec<i32>>> + Send;
    /// Each user with the price of the item of the same number.
    fn lines(conn: &mut Checkout<Self>) -> impl Future<Output = QueryResult<Vec<(String, i32)>>> + Send;
    fn users(conn: &mut Checkout<Self>) -> impl Future<Output = QueryResult<i64>> + Send;
    fn run(conn: &mut Checkout<Self>, sql: &str) -> impl Future<Output = QueryResult<()>> + Send;
    /// Runs SQL in a transaction, reads the prices there, and rolls back if told to.
    fn prices_after(conn: &mut Checkout<Self>, sql: &str, roll_back: bool) -> impl Future<Output = Vec<i32>> + Send;

    fn migrate_shared(pool: &TenantPool<Self>, source: FileBasedMigrations) -> impl Future<Output = ()> + Send;
    fn create(
        pool: &TenantPool<Self>,
        tenant: &str,
        source: FileBasedMigrations,
    ) -> impl Future<Output = Result<usize, LifecycleError>> + Send;
    fn ensure(
        pool: &TenantPool<Self>,
        tenant: &str,
        source: FileBasedMigrations,
    ) -> impl Future<Output = Result<usize, LifecycleError>> + Send;
    fn migrate(
        pool: &TenantPool<Self>,
        tenant: &str,
        source: FileBasedMigrations,
    ) -> impl Future<Output = Result<usize, MigrationError>> + Send;
    fn pending(
        pool: &TenantPool<Self>,
        tenant: &str,
        source: FileBasedMigrations,
    ) -> impl Future<Output = Result<usize, MigrationError>> + Send;
    fn migrate_all(
        pool: &TenantPool<Self>,
        source: FileBasedMigrations,
        fleet: Fleet,
    ) -> impl Future<Output = FleetReport> + Send;

    /// Which migrations the tenants have and lack.
    fn statuses(
        pool: &TenantPool<Self>,
        source: FileBasedMigrations,
    ) -> impl Future<Output = Vec<TenantVersions>> + Send;

    fn prepare_directory(pool: &TenantPool<Self>) -> impl Future<Output = ()> + Send;
    fn add_domain(
        pool: &TenantPool<Self>,
        tenant: &str,
        domain: &str,
    ) -> impl Future<Output = Result<(), DomainError>> + Send;
    fn remove_domain(pool: &TenantPool<Self>, domain: &str) -> impl Future<Output = Result<bool, DomainError>> + Send;
    fn set_primary_domain(
        pool: &TenantPool<Self>,
        domain: &str,
    ) -> impl Future<Output = Result<(), DomainError>> + Send;
    /// The domains of a tenant, and whether each is its main one.
    fn domains_of(pool: &TenantPool<Self>, tenant: &str) -> impl Future<Output = Vec<(String, bool)>> + Send;

    fn rename(pool: &TenantPool<Self>, from: &str, to: &str)
    -> impl Future<Output = Result<(), LifecycleError>> + Send;
    fn suspend(pool: &TenantPool<Self>, tenant: &str) -> impl Future<Output = Result<(), LifecycleError>> + Send;
    fn resume(pool: &TenantPool<Self>, tenant: &str) -> impl Future<Output = Result<(), LifecycleError>> + Send;
    fn drop_tenant(pool: &TenantPool<Self>, tenant: &str) -> impl Future<Output = Result<(), LifecycleError>> + Send;
    fn archive(
        pool: &TenantPool<Self>,
        tenant: &str,
    ) -> impl Future<Output = Result<SchemaName, LifecycleError>> + Send;
    fn restore(
        pool: &TenantPool<Self>,
        archive: &SchemaName,
        tenant: &str,
    ) -> impl Future<Output = Result<(), LifecycleError>> + Send;
    /// The archives, each with the tenant that it was.
    fn archived(pool: &TenantPool<Self>) -> impl Future<Output = Vec<(SchemaName, String)>> + Send;
    /// Drops all archives, and counts them.
    fn drop_archived(pool: &TenantPool<Self>) -> impl Future<Output = usize> + Send;
    fn clone_tenant(
        pool: &TenantPool<Self>,
        template: &str,
        tenant: &str,
        with_data: bool,
    ) -> impl Future<Output = Result<(), CloneError>> + Send;
}

macro_rules! test_backend {
    ($kind:ty, $place:ty, $new_place:expr, $builder:expr) => {
        impl TestBackend for $kind {
            type Place = $place;

            fn place() -> Self::Place {
                $new_place
            }

            async fn pool(place: &Self::Place, options: Options) -> TenantPool<Self> {
                let Options {
                    max_size,
                    schema_cache,
                    symbolic_schema,
                    schema_map,
                    hooks,
                    directory,
                } = options;
                let mut builder = TenantPool::builder($builder(place));
                if let Some(max_size) = max_size {
                    builder = builder.max_size(max_size);
                }
                if let Some((schemas, time)) = schema_cache {
                    builder = builder.schema_cache(schemas, time);
                }
                if let Some(schema) = symbolic_schema {
                    builder = builder.symbolic_schema(schema);
                }
                if let Some(map) = schema_map {
                    builder = builder.schema_map(map);
                }
                if let Some(hooks) = hooks {
                    builder = builder.hooks(hooks);
                }
                if directory {
                    builder = builder
                        .directory(DirectoryTables::new())
                        .reuse_after(Duration::ZERO);
                }
                builder.build().await.expect("a pool")
            }

            async fn prices(conn: &mut Checkout<Self>) -> QueryResult<Vec<i32>> {
                items::table
                    .order(items::id)
                    .select(items::price)
                    .load(conn)
                    .await
            }

            async fn prices_in(conn: &mut Checkout<Self>, schema: &str) -> QueryResult<Vec<i32>> {
                let prices = items::table.order(items::id).select(items::price);
                prices.in_schema(schema).load(conn).await
            }

            async fn lines(conn: &mut Checkout<Self>) -> QueryResult<Vec<(String, i32)>> {
                let lines = users::table.inner_join(items::table.on(items::id.eq(users::id)));
                lines
                    .order(users::id)
                    .select((users::name, items::price))
                    .load(conn)
                    .await
            }

            async fn users(conn: &mut Checkout<Self>) -> QueryResult<i64> {
                users::table.count().get_result(conn).await
            }

            async fn run(conn: &mut Checkout<Self>, sql: &str) -> QueryResult<()> {
                conn.batch_execute(sql).await
            }

            async fn prices_after(conn: &mut Checkout<Self>, sql: &str, roll_back: bool) -> Vec<i32> {
                let mut prices = Vec::new();
                let ended = conn.transaction::<(), diesel::result::Error, _>(async |conn| {
                    conn.batch_execute(sql).await?;
                    prices = items::table
                        .order(items::id)
                        .select(items::price)
                        .load(conn)
                        .await?;
                    match roll_back {
                        true => Err(diesel::result::Error::RollbackTransaction),
                        false => Ok(()),
                    }
                });
                assert_eq!(ended.await.is_err(), roll_back);
                prices
            }

            async fn migrate_shared(pool: &TenantPool<Self>, source: FileBasedMigrations) {
                pool.migrate_shared(source).await.expect("migrations");
            }

            async fn create(
                pool: &TenantPool<Self>,
                tenant: &str,
                source: FileBasedMigrations,
            ) -> Result<usize, LifecycleError> {
                Ok(pool.create_tenant(tenant, source).await?.len())
            }

            async fn ensure(
                pool: &TenantPool<Self>,
                tenant: &str,
                source: FileBasedMigrations,
            ) -> Result<usize, LifecycleError> {
                Ok(pool.ensure_tenant(tenant, source).await?.len())
            }

            async fn migrate(
                pool: &TenantPool<Self>,
                tenant: &str,
                source: FileBasedMigrations,
            ) -> Result<usize, MigrationError> {
                Ok(pool.migrate_tenant(tenant, source).await?.len())
            }

            async fn pending(
                pool: &TenantPool<Self>,
                tenant: &str,
                source: FileBasedMigrations,
            ) -> Result<usize, MigrationError> {
                Ok(pool.pending_tenant(tenant, source).await?.len())
            }

            async fn migrate_all(pool: &TenantPool<Self>, source: FileBasedMigrations, fleet: Fleet) -> FleetReport {
                let mut run = pool.migrate_tenants(source);
                if fleet.dry_run {
                    run = run.dry_run();
                }
                if fleet.keep_going {
                    run = run.keep_going();
                }
                if let Some(workers) = fleet.workers {
                    run = run.workers(workers);
                }
                run.run().await.expect("a report")
            }

            async fn statuses(pool: &TenantPool<Self>, source: FileBasedMigrations) -> Vec<TenantVersions> {
                pool.migration_status(source).await.expect("the statuses").tenants
            }

            async fn prepare_directory(pool: &TenantPool<Self>) {
                pool.prepare_directory().await.expect("the directory's tables");
            }

            async fn add_domain(pool: &TenantPool<Self>, tenant: &str, domain: &str) -> Result<(), DomainError> {
                pool.add_domain(tenant, domain).await.map(drop)
            }

            async fn remove_domain(pool: &TenantPool<Self>, domain: &str) -> Result<bool, DomainError> {
                pool.remove_domain(domain).await
            }

            async fn set_primary_domain(pool: &TenantPool<Self>, domain: &str) -> Result<(), DomainError> {
                pool.set_primary_domain(domain).await
            }

            async fn domains_of(pool: &TenantPool<Self>, tenant: &str) -> Vec<(String, bool)> {
                let domains = pool.domains_of(tenant).await.expect("domains").into_iter();
                domains.map(|domain| (domain.domain, domain.is_primary)).collect()
            }

            async fn rename(pool: &TenantPool<Self>, from: &str, to: &str) -> Result<(), LifecycleError> {
                pool.rename_tenant(from, to).await
            }

            async fn suspend(pool: &TenantPool<Self>, tenant: &str) -> Result<(), LifecycleError> {
                pool.suspend_tenant(tenant).await
            }

            async fn resume(pool: &TenantPool<Self>, tenant: &str) -> Result<(), LifecycleError> {
                pool.resume_tenant(tenant).await
            }

            async fn drop_tenant(pool: &TenantPool<Self>, tenant: &str) -> Result<(), LifecycleError> {
                pool.drop_tenant(tenant).await
            }

            async fn archive(pool: &TenantPool<Self>, tenant: &str) -> Result<SchemaName, LifecycleError> {
                pool.archive_tenant(tenant).await
            }

            async fn restore(
                pool: &TenantPool<Self>,
                archive: &SchemaName,
                tenant: &str,
            ) -> Result<(), LifecycleError> {
                pool.restore_tenant(archive, tenant).await
            }

            async fn archived(pool: &TenantPool<Self>) -> Vec<(SchemaName, String)> {
                let archives = pool.archived_tenants().await.expect("a list").into_iter();
                archives
                    .map(|archived| (archived.archive, archived.tenant.to_string()))
                    .collect()
            }

            async fn drop_archived(pool: &TenantPool<Self>) -> usize {
                pool.drop_archived(Duration::ZERO)
                    .await
                    .expect("a report")
                    .dropped
                    .len()
            }

            async fn clone_tenant(
                pool: &TenantPool<Self>,
                template: &str,
                tenant: &str,
                with_data: bool,
            ) -> Result<(), CloneError> {
                match with_data {
                    true => pool.clone_tenant(template, tenant).await,
                    false => pool.clone_tenant(template, tenant).without_data().await,
                }
            }
        }
    };
}

test_backend!(Postgres, Database, Server::shared().database(), |place: &Database| {
    place.url().to_owned()
});

#[cfg(feature = "sqlite")]
test_backend!(
    diesel_tenants::Sqlite,
    tempfile::TempDir,
    tempfile::tempdir().expect("a folder"),
    |place: &tempfile::TempDir| diesel_tenants::SqliteFolder::new(place.path())
);

#[cfg(feature = "mysql")]
test_backend!(
    diesel_tenants::Mysql,
    super::mysql_place::MysqlPlace,
    super::mysql_place::MysqlPlace::take(),
    super::mysql_place::MysqlPlace::url
);
