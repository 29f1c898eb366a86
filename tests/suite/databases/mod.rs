//! All databases of a pool in one call, on several clusters.

mod adopted;
mod bad_input;
mod balance;
mod domains;
mod drift;
mod inspect;
mod migrate;
mod script;

use std::{sync::LazyLock, time::Duration};

use diesel_tenants::{
    Placement, TenantPool, TenantPoolBuilder, directory::DirectoryTables, migrations::DatabasesReport,
};
use diesel_tenants_test_support::{Database, Server, chain};

use crate::migrations::Folder;

/// Other clusters than the one that all tests share.
static SECOND_SERVER: LazyLock<Server> = LazyLock::new(Server::start);
static THIRD_SERVER: LazyLock<Server> = LazyLock::new(Server::start);

/// A pool with two shards, each on a cluster of its own.
struct Shards {
    pool: TenantPool,
    main: Database,
    one: Database,
    two: Database,
}

impl Shards {
    async fn new() -> Self {
        Self::with(|builder| builder).await
    }

    async fn with(options: impl FnOnce(TenantPoolBuilder) -> TenantPoolBuilder) -> Self {
        let main = Server::shared().database();
        let (one, two) = (SECOND_SERVER.database(), THIRD_SERVER.database());
        let builder = TenantPool::builder(main.url())
            .directory(DirectoryTables::new())
            .reuse_after(Duration::ZERO)
            .migration_lock_timeout(Duration::from_millis(500))
            .database("one", one.url())
            .database("two", two.url());
        let pool = options(builder).build().await.unwrap();
        pool.prepare_directory().await.unwrap();
        Self { pool, main, one, two }
    }

    /// Tenants `a` in the main database, `b` and `c` on the shards, with their first migration.
    async fn with_tenants() -> Self {
        let shards = Self::new().await;
        let first = Folder::of(&[ONE]);
        shards.pool.create_tenant("a", first.migrations()).await.unwrap();
        shards.place("b", "b", "one").await;
        shards.place("c", "c", "two").await;
        shards
    }

    async fn place(&self, tenant: &str, schema: &str, database: &str) {
        let place = Placement::schema(schema.parse().unwrap()).in_database(database);
        let first = Folder::of(&[ONE]);
        self.pool.place_tenant(tenant, place, first.migrations()).await.unwrap();
    }
}

const ONE: (&str, &str, &str) = ("001_one", "CREATE TABLE one (id int);", "DROP TABLE one;");
const TWO: (&str, &str, &str) = (
    "002_two",
    "CREATE TABLE two (id int REFERENCES public.users);",
    "DROP TABLE two;",
);
const USERS: (&str, &str, &str) = (
    "001_users",
    "CREATE TABLE users (id int PRIMARY KEY);",
    "DROP TABLE users;",
);

/// How many tables of that name a database has.
fn count_tables(database: &Database, table: &str) -> usize {
    let sql = format!("SELECT count(*) FROM pg_tables WHERE tablename = '{table}'");
    database.query_strings(&sql)[0][0].as_deref().unwrap().parse().unwrap()
}

/// What happened, a line for each tenant.
fn outcomes(report: &DatabasesReport) -> Vec<String> {
    let line = |(database, tenant): (&str, &diesel_tenants::migrations::TenantReport)| {
        format!("{database}/{}: {} {:?}", tenant.tenant, tenant.outcome, tenant.versions)
    };
    report.tenants().map(line).collect()
}

fn text(error: &(dyn std::error::Error + 'static)) -> String {
    chain(error)
}
