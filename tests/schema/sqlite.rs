//! Tables in files of SQLite, declared by the files in `sqlite/schema`.

use diesel::prelude::*;
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use diesel_tenants::{
    Sqlite, SqliteFolder, TenantPool,
    rust_schema::{AllowTogether, RustSchema, RustSchemaError, SchemaWarning, Side},
};
use diesel_tenants_test_support::{TestFolder, chain};
use tempfile::TempDir;

use crate::setting::{assert_is, migrations};

mod schema;

use schema::{
    shared::{memberships, users},
    tenant::{coupons, dear_items, items, log, order_notes, orders, search},
};

const SHARED: &str = "tests/schema/sqlite/migrations";
const TENANT: &str = "tests/schema/sqlite/tenant_migrations";

async fn pool() -> (TenantPool<Sqlite>, TempDir) {
    let folder = TempDir::new().unwrap();
    let pool = TenantPool::builder(SqliteFolder::new(folder.path()))
        .build()
        .await
        .unwrap();
    (pool, folder)
}

async fn with_tenants() -> (TenantPool<Sqlite>, TempDir) {
    let (pool, folder) = pool().await;
    pool.migrate_shared(migrations(SHARED)).await.unwrap();
    for tenant in ["client1", "client2"] {
        pool.create_tenant(tenant, migrations(TENANT)).await.unwrap();
    }
    (pool, folder)
}

/// Migrations of this SQL, in a folder.
fn sql(sql: &str) -> diesel_migrations::FileBasedMigrations {
    let folder = TestFolder::new().unwrap().keep();
    std::fs::create_dir(folder.join("1")).unwrap();
    std::fs::write(folder.join("1/up.sql"), sql).unwrap();
    diesel_migrations::FileBasedMigrations::from_path(folder).unwrap()
}

async fn declared(shared: &str, tenant: &str) -> RustSchema {
    let (pool, _folder) = pool().await;
    pool.rust_schema()
        .from_migrations(sql(shared), sql(tenant))
        .await
        .unwrap()
}

#[tokio::test]
async fn the_migrations_and_a_tenant_give_the_same_declarations() {
    let (pool, root) = pool().await;
    let schema = pool
        .rust_schema()
        .from_migrations(migrations(SHARED), migrations(TENANT))
        .await
        .unwrap();
    assert_is(&schema, "tests/schema/sqlite/schema");
    assert!(
        !root.path().join("public.db").exists(),
        "the pool's own folder is not touched"
    );
    let (pool, _root) = with_tenants().await;
    let live = pool.rust_schema().from_tenant("client2").await.unwrap();
    assert_eq!(live, schema);
    let of = |table: &str, column: &str| (table.to_owned(), column.to_owned());
    let (notes, anything) = of("order_notes", "anything");
    let (items, document) = of("items", "document");
    let (coupons, code) = of("coupons", "code");
    let (search, words) = of("search", "words");
    let side = Side::Tenant;
    let mut expected = vec![
        SchemaWarning::NullableKey {
            side,
            table: coupons,
            column: code,
        },
        SchemaWarning::RowId {
            side,
            table: "log".to_owned(),
        },
        SchemaWarning::RowId {
            side,
            table: search.clone(),
        },
        SchemaWarning::Untyped {
            side,
            table: notes,
            column: anything,
        },
        SchemaWarning::Untyped {
            side,
            table: search,
            column: words,
        },
        SchemaWarning::UnknownType {
            side,
            table: items,
            column: document,
            sql_type: "JSON".to_owned(),
        },
    ];
    expected.sort();
    assert_eq!(schema.warnings(), expected);
}

#[tokio::test]
async fn the_declared_tables_load_and_join() {
    let (pool, _root) = with_tenants().await;
    let mut conn = pool.shared().get().await.unwrap();
    let ada = (
        users::full_name.eq("Ada"),
        users::type_.eq(None::<String>),
        users::is_admin.eq(true),
    );
    let id: i32 = diesel::insert_into(users::table)
        .values(ada)
        .returning(users::id)
        .get_result(&mut conn)
        .await
        .unwrap();
    let membership = (memberships::user_id.eq(id), memberships::team.eq("a"));
    diesel::insert_into(memberships::table)
        .values(membership)
        .execute(&mut conn)
        .await
        .unwrap();
    let teams = users::table
        .inner_join(memberships::table)
        .select((users::full_name, memberships::team));
    assert_eq!(
        teams.load::<(String, String)>(&mut conn).await.unwrap(),
        [("Ada".to_owned(), "a".to_owned())]
    );
    drop(conn);

    let mut conn = pool.for_tenant("client1").get().await.unwrap();
    let item = (
        items::id.eq(1_i64),
        items::price.eq(5000.0),
        items::size.eq(Some(3_i16)),
        items::photo.eq(&b"x"[..]),
    );
    diesel::insert_into(items::table)
        .values(item)
        .execute(&mut conn)
        .await
        .unwrap();
    let order = (orders::user_id.eq(id), orders::item_id.eq(1), orders::quantity.eq(2));
    let order: i32 = diesel::insert_into(orders::table)
        .values(order)
        .returning(orders::id)
        .get_result(&mut conn)
        .await
        .unwrap();
    let note = (
        order_notes::order_id.eq(order),
        order_notes::number.eq(1),
        order_notes::note.eq("soon"),
    );
    diesel::insert_into(order_notes::table)
        .values(note)
        .execute(&mut conn)
        .await
        .unwrap();

    type Item = (i64, f64, Option<f32>, Option<Vec<u8>>, Option<i16>, Option<String>);
    let columns = (
        items::id,
        items::price,
        items::weight,
        items::photo,
        items::size,
        items::label,
    );
    let all: Vec<Item> = items::table.select(columns).load(&mut conn).await.unwrap();
    assert_eq!(
        all,
        [(1, 5000.0, None, Some(b"x".to_vec()), Some(3), Some("item 1".to_owned()))]
    );
    let joined: Vec<(String, f64, Option<String>)> = users::table
        .inner_join(orders::table.on(orders::user_id.eq(users::id)))
        .inner_join(items::table.on(items::id.eq(orders::item_id)))
        .inner_join(order_notes::table.on(order_notes::order_id.eq(orders::id)))
        .select((users::full_name, items::price, order_notes::note))
        .load(&mut conn)
        .await
        .unwrap();
    assert_eq!(joined, [("Ada".to_owned(), 5000.0, Some("soon".to_owned()))]);
    let by_key = items::table
        .inner_join(orders::table)
        .select(orders::quantity)
        .load::<i32>(&mut conn)
        .await;
    assert_eq!(by_key.unwrap(), [2]);

    conn.batch_execute("INSERT INTO log (line) VALUES ('a'), ('b'); INSERT INTO search VALUES ('hello world')")
        .await
        .unwrap();
    let lines: Vec<(i32, String)> = log::table
        .find(2)
        .select((log::rowid, log::line))
        .load(&mut conn)
        .await
        .unwrap();
    assert_eq!(lines, [(2, "b".to_owned())]);
    assert_eq!(search::table.count().get_result::<i64>(&mut conn).await.unwrap(), 1);
    assert_eq!(coupons::table.count().get_result::<i64>(&mut conn).await.unwrap(), 0);
    let dear: Vec<Option<f64>> = dear_items::table
        .select(dear_items::price)
        .load(&mut conn)
        .await
        .unwrap();
    assert_eq!(dear, [Some(5000.0)]);
    drop(conn);
    let mut conn = pool.for_tenant("client2").get().await.unwrap();
    assert_eq!(items::table.count().get_result::<i64>(&mut conn).await.unwrap(), 0);
}

#[tokio::test]
async fn a_type_that_diesel_lacks_can_be_named() {
    let (pool, _root) = pool().await;
    let request = pool
        .rust_schema()
        .sql_type("json", "diesel::sql_types::Json")
        .except(["search", "dear_items"]);
    let schema = request
        .from_migrations(migrations(SHARED), migrations(TENANT))
        .await
        .unwrap();
    assert!(
        schema.tenant().contains("        document -> Nullable<Json>,\n"),
        "{}",
        schema.tenant()
    );
    assert!(!schema.tenant().contains("search") && !schema.tenant().contains("dear_items"));
    let related = pool.rust_schema().allow_together(AllowTogether::Related);
    let schema = related
        .from_migrations(migrations(SHARED), migrations(TENANT))
        .await
        .unwrap();
    let together = "diesel::allow_tables_to_appear_in_same_query!(items, orders);";
    assert!(schema.tenant().contains(together), "{}", schema.tenant());
}

#[tokio::test]
async fn keys_and_names_that_are_peculiar() {
    let schema = declared(
        "CREATE TABLE items (id INTEGER PRIMARY KEY)",
        "CREATE TABLE items (id INTEGER PRIMARY KEY DESC, rowid INTEGER);
         CREATE TABLE a (k UUID PRIMARY KEY);
         CREATE TABLE b (x INTEGER, y INTEGER, UNIQUE (x, y));
         CREATE TABLE c (x INTEGER, y INTEGER, FOREIGN KEY (y, x) REFERENCES b (y, x));
         CREATE TABLE d (X INTEGER REFERENCES ITEMS (ID), z INTEGER REFERENCES nowhere)",
    )
    .await;
    let tenant = schema.tenant();
    assert!(
        tenant.contains("    items (id) {\n        id -> Nullable<Integer>,"),
        "no key of a row: {tenant}"
    );
    assert!(!tenant.contains("    a ("), "{tenant}");
    assert!(
        tenant.contains("    b (rowid) {\n        rowid -> Integer,"),
        "{tenant}"
    );
    assert!(tenant.contains("diesel::joinable!(d -> items (x));"), "{tenant}");
    assert!(!tenant.contains("joinable!(c"), "{tenant}");
    assert!(schema.warnings().contains(&SchemaWarning::InBoth {
        table: "items".to_owned()
    }));
}

#[tokio::test]
async fn what_cannot_be_read_or_migrated_is_told() {
    let (pool, root) = with_tenants().await;
    let error = pool.rust_schema().from_tenant("nobody").await.unwrap_err();
    assert!(matches!(error, RustSchemaError::UnknownTenant { .. }), "{error}");
    std::fs::write(
        root.path().join("notes.db"),
        "a text, and no database of any kind".repeat(99),
    )
    .unwrap();
    let error = pool.rust_schema().from_tenant("notes").await.unwrap_err();
    assert!(
        chain(&error).contains("notes.db is not a database"),
        "{}",
        chain(&error)
    );
    let broken = sql("CREATE TABLE broken (");
    let error = pool
        .rust_schema()
        .from_migrations(migrations(SHARED), broken)
        .await
        .unwrap_err();
    assert!(matches!(error, RustSchemaError::MigrateTenant(_)), "{error}");
}

#[tokio::test]
async fn no_scratch_folder_stays_behind() {
    let scratch = || {
        let temporary = std::fs::read_dir(std::env::temp_dir()).unwrap().flatten();
        let own = format!("diesel-tenants-scratch-{}-", std::process::id());
        temporary
            .filter(|entry| entry.file_name().to_string_lossy().starts_with(&own))
            .count()
    };
    let (pool, _root) = pool().await;
    let request = pool.rust_schema();
    for moment in 0..60 {
        let mut begun = Box::pin(request.from_migrations(migrations(SHARED), migrations(TENANT)));
        let early = tokio::time::timeout(std::time::Duration::from_micros(500 * moment), &mut begun).await;
        drop(early);
        drop(begun);
    }
    // Other tests of this process have scratch folders of their own for a while.
    for _ in 0..500 {
        if scratch() == 0 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("{} scratch folders stayed", scratch());
}
