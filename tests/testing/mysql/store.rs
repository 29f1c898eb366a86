//! A server with two tenants.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use diesel_tenants::{
    Mysql, MysqlUrl, TenantPool,
    diesel_migrations::{self, EmbeddedMigrations, embed_migrations},
    testing::{
        TestTenants,
        isolation::{Access, Report, audit},
    },
};
use diesel_tenants_test_support::{MariaDb, MariaDbSession, chain};

diesel::table! { users (id) { id -> BigInt, name -> Text } }

pub const TENANT_MIGRATIONS: EmbeddedMigrations = embed_migrations!("examples/users/tenant_migrations");

/// A server of its own for each test: an audit sees all that its server does.
pub struct Store {
    pub server: MariaDb,
    pub pool: TenantPool<Mysql>,
}

impl Store {
    pub async fn without_tenants() -> Self {
        let server = MariaDb::start().unwrap_or_else(|error| panic!("{}", chain(&error)));
        let url: MysqlUrl = server.url().parse().unwrap();
        let pool = TenantPool::builder(url).build().await.unwrap();
        Self { server, pool }
    }

    /// With `tenant_a` and `tenant_b`, each with one user.
    pub async fn new() -> Self {
        let store = Self::without_tenants().await;
        TestTenants::two(&store.pool, TENANT_MIGRATIONS).await.unwrap();
        for tenant in ["tenant_a", "tenant_b"] {
            add(&store.pool, tenant, "Ada").await;
        }
        store
    }

    /// Audits work as `tenant_a`.
    pub async fn audited<T>(&self, work: impl AsyncFnOnce() -> T) -> Report<T> {
        let report = audit(&self.pool, "tenant_a").run(work).await;
        let report = report.unwrap_or_else(|error| panic!("{}", chain(&error)));
        println!("{report}");
        report
    }

    pub fn session(&self) -> MariaDbSession {
        self.server.session().unwrap()
    }
}

/// Runs statements by hand, and returns what the last one gave.
#[track_caller]
pub fn run(session: &mut MariaDbSession, statements: &[&str]) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    for sql in statements {
        rows = session.run(sql).unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    }
    rows
}

pub async fn add(pool: &TenantPool<Mysql>, tenant: &str, name: &str) {
    let mut conn = pool.for_tenant(tenant).get().await.unwrap();
    let values = users::name.eq(name);
    diesel::insert_into(users::table)
        .values(values)
        .execute(&mut conn)
        .await
        .unwrap();
}

pub async fn names(pool: &TenantPool<Mysql>, tenant: &str) -> Vec<String> {
    let mut conn = pool.for_tenant(tenant).get().await.unwrap();
    users::table.select(users::name).load(&mut conn).await.unwrap()
}

/// Fails unless the report has exactly these leaks, and each names a statement with this text.
#[track_caller]
pub fn check<T>(report: &Report<T>, expected: &[(&str, Access)], by: &str, case: &str) {
    let mut found: Vec<_> = report.leaks().iter().map(|leak| (leak.name(), leak.access)).collect();
    let mut expected: Vec<_> = expected
        .iter()
        .map(|&(name, access)| (name.to_owned(), access))
        .collect();
    found.sort_by_key(|(name, access)| (name.clone(), access.to_string()));
    expected.sort_by_key(|(name, access)| (name.clone(), access.to_string()));
    assert_eq!(found, expected, "{case}: {report}");
    for leak in report.leaks() {
        let mut statements = leak.statements.iter();
        assert!(
            statements.any(|statement| statement.sql.contains(by)),
            "{case}: {by:?} is not named:\n{report}"
        );
    }
}
