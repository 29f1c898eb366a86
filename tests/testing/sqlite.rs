//! The same for tenants that are files.

use diesel::{Connection, SqliteConnection, connection::SimpleConnection, prelude::*};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use diesel_tenants::{
    Checkout, Sqlite, SqliteFolder, TenantPool, TranslateDsl, diesel_migrations,
    testing::{
        FolderTemplate, TestFolder, TestTenants,
        isolation::{
            Access::{self, Changed, Read, Shown, Written},
            AuditError, Marker, Report, audit,
        },
    },
};

use crate::store::items;

const TENANT_MIGRATIONS: EmbeddedMigrations = embed_migrations!("tests/testing/migrations");

static TEMPLATE: FolderTemplate = FolderTemplate::new(|path| {
    Box::pin(async move {
        let pool = TenantPool::builder(SqliteFolder::new(path)).build().await?;
        for tenant in TestTenants::make::<_, 3>(&pool, TENANT_MIGRATIONS).await? {
            let mut conn = pool.for_tenant(&tenant).get().await?;
            let sql = format!("INSERT INTO items VALUES (1, '{tenant} item', 1), (2, '{tenant} item', 2)");
            conn.batch_execute(&sql).await?;
        }
        pool.close();
        Ok(())
    })
});

struct Store {
    pool: TenantPool<Sqlite>,
    folder: TestFolder,
}

impl Store {
    async fn new() -> Self {
        let folder = TEMPLATE.folder().await.expect("a folder");
        let pool = TenantPool::builder(SqliteFolder::new(folder.path()))
            .build()
            .await
            .expect("a pool");
        Self { pool, folder }
    }

    fn raw(&self, tenant: &str) -> SqliteConnection {
        let path = self.folder.path().join(format!("{tenant}.db"));
        SqliteConnection::establish(path.to_str().unwrap()).unwrap()
    }
}

async fn audited<T>(work: impl AsyncFnOnce(&Store) -> T) -> Report<T> {
    let store = Store::new().await;
    let report = audit(&store.pool, "tenant_a")
        .run(async || work(&store).await)
        .await
        .expect("an audit");
    println!("{report}");
    report
}

#[track_caller]
fn check<T>(report: &Report<T>, expected: &[(&str, Access)]) {
    let found: Vec<_> = report.leaks().iter().map(|leak| (&*leak.schema, leak.access)).collect();
    assert_eq!(found, expected, "{report}");
}

#[tokio::test]
async fn a_folder_has_the_tenants_and_their_rows() {
    let store = Store::new().await;
    for tenant in ["tenant_a", "tenant_b", "tenant_c"] {
        let mut conn = store.pool.for_tenant(tenant).get().await.unwrap();
        assert_eq!(items::table.count().get_result::<i64>(&mut conn).await, Ok(2));
    }
}

#[tokio::test]
async fn a_query_in_anothers_file() {
    let report = audited(async |store| {
        let mut conn = store.pool.for_tenant("tenant_a").get().await.unwrap();
        items::table
            .count()
            .in_schema("tenant_b")
            .get_result::<i64>(&mut conn)
            .await
            .unwrap()
    })
    .await;
    check(&report, &[("tenant_b", Read)]);
    assert!(report.leaks()[0].statements[0].sql.contains("`items`"), "{report}");
    let place = report.leaks()[0].statements[0].place.clone().unwrap();
    assert!(place.contains("sqlite"), "{place}");
}

#[tokio::test]
async fn a_checkout_for_another_tenant() {
    let report = audited(async |store| {
        let mut conn = store.pool.for_tenant("tenant_c").get().await.unwrap();
        diesel::delete(items::table.find(1)).execute(&mut conn).await.unwrap()
    })
    .await;
    check(&report, &[("tenant_c", Written)]);
}

#[tokio::test]
async fn a_read_and_a_write_by_hand() {
    let report = audited(async |store| {
        store.raw("tenant_b").batch_execute("SELECT * FROM items").unwrap();
        store
            .raw("tenant_c")
            .batch_execute("UPDATE items SET price = 0")
            .unwrap();
    })
    .await;
    check(&report, &[("tenant_b", Read), ("tenant_c", Written)]);
}

#[tokio::test]
async fn a_file_that_is_attached_or_copied() {
    let report = audited(async |store| {
        let path = store.folder.path().join("tenant_b.db");
        let attach = format!("ATTACH '{}' AS other; SELECT * FROM other.items", path.display());
        store.raw("tenant_a").batch_execute(&attach).unwrap();
        std::fs::read(store.folder.path().join("tenant_c.db")).unwrap().len()
    })
    .await;
    check(&report, &[("tenant_b", Read), ("tenant_c", Read)]);
}

#[tokio::test]
async fn work_for_all_tenants() {
    let report = audited(async |store| {
        let run = store.pool.each_tenant().run(|mut conn: Checkout<Sqlite>| async move {
            let counted: i64 = items::table.count().get_result(&mut conn).await?;
            diesel::QueryResult::Ok(counted)
        });
        drop(run.await);
    })
    .await;
    check(&report, &[("tenant_b", Read), ("tenant_c", Read)]);
}

#[tokio::test]
async fn a_tenant_that_is_renamed_or_made() {
    let report = audited(async |store| store.pool.rename_tenant("tenant_b", "tenant_d").await.unwrap()).await;
    check(&report, &[("tenant_d", Changed), ("tenant_b", Changed)]);
    let report = audited(async |store| store.pool.create_tenant("tenant_x", TENANT_MIGRATIONS).await.unwrap()).await;
    check(&report, &[("tenant_x", Changed)]);
}

#[tokio::test]
async fn a_cache_that_is_not_keyed_by_tenant() {
    let store = Store::new().await;
    let marker = Marker::of(&"tenant_b".parse().unwrap());
    let cached = format!("<h1>{marker}</h1>");
    let report = audit(&store.pool, "tenant_a")
        .marker(&marker)
        .run_and_search(async || &cached)
        .await
        .unwrap();
    check(&report, &[("tenant_b", Shown)]);
}

#[tokio::test]
async fn work_that_keeps_to_its_file() {
    let store = Store::new().await;
    // Connections to other tenants' files, which the pool keeps open.
    for tenant in ["tenant_b", "tenant_c"] {
        let mut conn = store.pool.for_tenant(tenant).get().await.unwrap();
        items::table.count().get_result::<i64>(&mut conn).await.unwrap();
    }
    for price in 0..20 {
        let work = async || {
            let mut conn = store.pool.for_tenant("tenant_a").get().await.unwrap();
            diesel::update(items::table)
                .set(items::price.eq(price))
                .execute(&mut conn)
                .await
                .unwrap()
        };
        let report = audit(&store.pool, "tenant_a").run(work).await.unwrap();
        assert_eq!(report.assert_isolated(), 2);
    }
}

#[tokio::test]
async fn one_audit_of_a_folder_at_a_time() {
    let store = Store::new().await;
    let inner = async || audit(&store.pool, "tenant_b").run(async || ()).await.map(drop);
    let report = audit(&store.pool, "tenant_a").run(inner).await.unwrap();
    assert!(matches!(report.assert_isolated(), Err(AuditError::Busy { .. })));
    audit(&store.pool, "tenant_b")
        .run(async || ())
        .await
        .unwrap()
        .assert_isolated();
    let unknown = audit(&store.pool, "tenant_x").run(async || ()).await.unwrap_err();
    assert!(matches!(unknown, AuditError::UnknownTenant { .. }));
}
