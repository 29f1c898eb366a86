//! Tables in databases of MySQL, declared by the files in `mysql/schema`.

use std::time::Duration;

use diesel::{mysql::data_types::MysqlTime, prelude::*};
use diesel_async::{AsyncConnection, AsyncMysqlConnection, RunQueryDsl, SimpleAsyncConnection};
use diesel_tenants::{
    Mysql, TenantPool,
    rust_schema::{AllowTogether, RustSchemaError, SchemaWarning, Side},
};
use diesel_tenants_test_support::{MariaDb, TestFolder, chain};
use tokio::sync::OnceCell;

use crate::setting::{assert_is, migrations};

mod schema;

use schema::{
    shared::{memberships, users},
    tenant::{dear_items, items, orders, places},
};

const SHARED: &str = "tests/schema/mysql/migrations";
const TENANT: &str = "tests/schema/mysql/tenant_migrations";

async fn pool() -> TenantPool<Mysql> {
    let url: diesel_tenants::MysqlUrl = MariaDb::shared().url().parse().unwrap();
    TenantPool::builder(url).max_size(2).build().await.unwrap()
}

/// With the tenants `client1` and `client2`, of which each test that writes has one for itself.
async fn with_tenants() -> TenantPool<Mysql> {
    static MADE: OnceCell<()> = OnceCell::const_new();
    let pool = pool().await;
    let make = async || {
        pool.migrate_shared(migrations(SHARED)).await.unwrap();
        for tenant in ["client1", "client2"] {
            pool.create_tenant(tenant, migrations(TENANT)).await.unwrap();
        }
    };
    MADE.get_or_init(make).await;
    pool
}

/// Migrations of this SQL, in a folder.
fn sql(sql: &str) -> diesel_migrations::FileBasedMigrations {
    let folder = TestFolder::new().unwrap().keep();
    std::fs::create_dir(folder.join("1")).unwrap();
    std::fs::write(folder.join("1/up.sql"), sql).unwrap();
    diesel_migrations::FileBasedMigrations::from_path(folder).unwrap()
}

/// The databases of the server that are scratch databases.
async fn scratch_databases() -> i64 {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        count: i64,
    }

    let mut connection = AsyncMysqlConnection::establish(&MariaDb::shared().url()).await.unwrap();
    let query = "SELECT COUNT(*) AS count FROM information_schema.SCHEMATA WHERE SCHEMA_NAME LIKE '%scratch%'";
    let row: Row = diesel::sql_query(query).get_result(&mut connection).await.unwrap();
    row.count
}

async fn no_scratch_database_is_left() {
    // Other tests of this process have scratch databases of their own for a while.
    for _ in 0..500 {
        if scratch_databases().await == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("scratch databases stay behind");
}

#[tokio::test]
async fn the_migrations_and_a_tenant_give_the_same_declarations() {
    let pool = pool().await;
    let request = pool.rust_schema();
    let schema = request.from_migrations(migrations(SHARED), migrations(TENANT)).await;
    let schema = schema.unwrap_or_else(|error| panic!("{}", chain(&error)));
    assert_is(&schema, "tests/schema/mysql/schema");
    let side = Side::Tenant;
    let mut expected = vec![
        SchemaWarning::NoPrimaryKey {
            side,
            table: "keyless".to_owned(),
        },
        SchemaWarning::UnknownType {
            side,
            table: "places".to_owned(),
            column: "place".to_owned(),
            sql_type: "point".to_owned(),
        },
    ];
    expected.sort();
    assert_eq!(schema.warnings(), expected);

    let live = with_tenants().await.rust_schema().from_tenant("client2").await.unwrap();
    assert_eq!(live, schema);
    no_scratch_database_is_left().await;
}

#[tokio::test]
async fn the_declared_tables_load_and_join() {
    let pool = with_tenants().await;
    let mut conn = pool.shared().get().await.unwrap();
    let ada = (
        users::id.eq(u64::MAX),
        users::full_name.eq("Ada"),
        users::type_.eq(None::<String>),
        users::is_admin.eq(true),
    );
    diesel::insert_into(users::table)
        .values(ada)
        .execute(&mut conn)
        .await
        .unwrap();
    let membership = (memberships::user_id.eq(u64::MAX), memberships::team.eq("a"));
    diesel::insert_into(memberships::table)
        .values(membership)
        .execute(&mut conn)
        .await
        .unwrap();
    let teams =
        users::table
            .inner_join(memberships::table)
            .select((users::full_name, users::is_admin, memberships::team));
    assert_eq!(
        teams.load::<(String, bool, String)>(&mut conn).await.unwrap(),
        [("Ada".to_owned(), true, "a".to_owned())]
    );
    drop(conn);

    let mut conn = pool.for_tenant("client1").get().await.unwrap();
    let item = (
        items::id.eq(u32::MAX),
        items::tiny.eq(i8::MIN),
        items::tiny_unsigned.eq(u8::MAX),
        items::small.eq(Some(i16::MIN)),
        items::small_unsigned.eq(Some(u16::MAX)),
        items::medium.eq(Some(-8_388_608)),
        items::big.eq(Some(i64::MIN)),
        items::big_unsigned.eq(Some(u64::MAX)),
        items::weight.eq(Some(0.5_f32)),
        items::volume.eq(Some(0.25_f64)),
        items::size.eq("M"),
        items::colours.eq(Some("red,green")),
    );
    diesel::insert_into(items::table)
        .values(item)
        .execute(&mut conn)
        .await
        .unwrap();
    type Item = (
        (u32, i8, u8, Option<i16>, Option<u16>, Option<i32>),
        (
            Option<i64>,
            Option<u64>,
            Option<f32>,
            Option<f64>,
            String,
            Option<String>,
        ),
    );
    let columns = (
        (
            items::id,
            items::tiny,
            items::tiny_unsigned,
            items::small,
            items::small_unsigned,
            items::medium,
        ),
        (
            items::big,
            items::big_unsigned,
            items::weight,
            items::volume,
            items::size,
            items::colours,
        ),
    );
    let all: Vec<Item> = items::table.select(columns).load(&mut conn).await.unwrap();
    let expected: Item = (
        (
            u32::MAX,
            i8::MIN,
            u8::MAX,
            Some(i16::MIN),
            Some(u16::MAX),
            Some(-8_388_608),
        ),
        (
            Some(i64::MIN),
            Some(u64::MAX),
            Some(0.5),
            Some(0.25),
            "M".to_owned(),
            Some("red,green".to_owned()),
        ),
    );
    assert_eq!(all, [expected]);

    conn.batch_execute("INSERT INTO orders (user_id, item_id, ordered) VALUES (18446744073709551615, 4294967295, '2026-01-31 12:30:00.5')")
        .await
        .unwrap();
    let order = (
        orders::user_id.eq(u64::MAX),
        orders::item_id.eq(u32::MAX),
        orders::flags.eq(Some(&[5_u8][..])),
        orders::code.eq(Some("a€")),
        orders::photo.eq(Some(&b"\0\xff"[..])),
        orders::hash.eq(Some(&b"abcd"[..])),
        orders::year.eq(Some(2026_u16)),
    );
    diesel::insert_into(orders::table)
        .values(order)
        .execute(&mut conn)
        .await
        .unwrap();
    type Order = (
        Option<Vec<u8>>,
        Option<String>,
        Option<Vec<u8>>,
        Option<Vec<u8>>,
        Option<u16>,
    );
    let columns = (orders::flags, orders::code, orders::photo, orders::hash, orders::year);
    let found: Vec<Order> = orders::table
        .filter(orders::code.is_not_null())
        .select(columns)
        .load(&mut conn)
        .await
        .unwrap();
    let expected: Order = (
        Some(vec![5]),
        Some("a€".to_owned()),
        Some(b"\0\xff".to_vec()),
        Some(b"abcd".to_vec()),
        Some(2026),
    );
    assert_eq!(found, [expected]);
    let times: Vec<(Option<MysqlTime>, MysqlTime)> = orders::table
        .filter(orders::code.is_null())
        .select((orders::ordered, orders::changed))
        .load(&mut conn)
        .await
        .unwrap();
    let ordered = times[0].0.unwrap();
    assert_eq!((ordered.year, ordered.minute, ordered.second_part), (2026, 30, 500_000));

    let joined: Vec<(String, String)> = users::table
        .inner_join(orders::table.inner_join(items::table))
        .filter(orders::code.is_not_null())
        .select((users::full_name, items::size))
        .load(&mut conn)
        .await
        .unwrap();
    assert_eq!(joined, [("Ada".to_owned(), "M".to_owned())]);
    assert_eq!(dear_items::table.count().get_result::<i64>(&mut conn).await.unwrap(), 0);
    assert_eq!(places::table.count().get_result::<i64>(&mut conn).await.unwrap(), 0);
    drop(conn);
    let mut conn = pool.for_tenant("client2").get().await.unwrap();
    assert_eq!(items::table.count().get_result::<i64>(&mut conn).await.unwrap(), 0);
}

#[tokio::test]
async fn tables_can_be_left_out_and_types_be_named() {
    let pool = pool().await;
    let request = pool
        .rust_schema()
        .sql_type("POINT", "diesel::sql_types::Binary")
        .sql_type("enum", "crate::Size")
        .except(["orders"])
        .allow_together(AllowTogether::Nothing);
    let schema = request
        .from_migrations(migrations(SHARED), migrations(TENANT))
        .await
        .unwrap();
    let tenant = schema.tenant();
    assert!(tenant.contains("        place -> Nullable<Binary>,\n"), "{tenant}");
    assert!(tenant.contains("        size -> Size,\n"), "{tenant}");
    assert!(!tenant.contains("orders"), "{tenant}");
}

#[tokio::test]
async fn migrations_that_name_the_shared_database_never_reach_the_real_one() {
    let pool = with_tenants().await;
    let shared = sql("CREATE TABLE only_scratch (id INT PRIMARY KEY)");
    let tenant = sql("CREATE TABLE t (id INT PRIMARY KEY, o INT, FOREIGN KEY (o) REFERENCES public.only_scratch (id))");
    let schema = pool.rust_schema().from_migrations(shared, tenant).await.unwrap();
    assert!(
        schema.shared().contains("public.only_scratch (id)"),
        "{}",
        schema.shared()
    );
    let joinable = "diesel::joinable!(t -> only_scratch (o));";
    assert!(schema.tenant().contains(joinable), "{}", schema.tenant());
    let live = pool.rust_schema().from_tenant("client2").await.unwrap();
    assert!(!live.shared().contains("only_scratch"), "{}", live.shared());
}

#[tokio::test]
async fn what_cannot_be_read_or_migrated_is_told() {
    let pool = with_tenants().await;
    let error = pool.rust_schema().from_tenant("nobody").await.unwrap_err();
    assert!(matches!(error, RustSchemaError::UnknownTenant { .. }), "{error}");
    let broken = sql("CREATE TABLE broken (id NO_SUCH_TYPE)");
    let request = pool.rust_schema();
    let error = request.from_migrations(migrations(SHARED), broken).await.unwrap_err();
    assert!(matches!(error, RustSchemaError::MigrateTenant(_)), "{error}");
    no_scratch_database_is_left().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_scratch_database_stays_behind_when_the_future_is_dropped() {
    let pool = pool().await;
    let request = pool.rust_schema();
    for moment in 0..6 {
        let begun = request.from_migrations(migrations(SHARED), migrations(TENANT));
        let _ = tokio::time::timeout(Duration::from_millis(40 * moment), begun).await;
    }
    no_scratch_database_is_left().await;
}
