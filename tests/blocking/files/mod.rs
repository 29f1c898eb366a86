//! A pool without async over files of SQLite: what only files have.

mod returned;
mod transactions;

use std::{path::Path, time::Duration};

use diesel::{connection::SimpleConnection, prelude::*};
use diesel_tenants::{
    CheckoutError, SchemaTranslateMap, Sqlite, SqliteFolder,
    blocking::{BuildError, Checkout, SqliteFilesConnection, TenantConnection, TenantPool},
    diesel_migrations::{FileBasedMigrations, MigrationHarness},
};
use diesel_tenants_test_support::{TestFolder, chain};
use tempfile::TempDir;

use crate::{
    both::Kind,
    store::{items, map},
};

pub const USERS: &str = "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL)";
pub const ITEMS: &str =
    "CREATE TABLE items (id INTEGER PRIMARY KEY, description TEXT NOT NULL, price INTEGER NOT NULL)";
pub const ORDERS: &str = "CREATE TABLE orders (id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL, \
    item_id INTEGER NOT NULL REFERENCES items, quantity INTEGER NOT NULL)";

/// One migration for each script.
pub fn migrations(scripts: &[&str]) -> FileBasedMigrations {
    let folder = TestFolder::new().expect("a folder").keep();
    for (number, sql) in scripts.iter().enumerate() {
        let migration = folder.join(format!("{number}_script"));
        std::fs::create_dir(&migration).expect("a folder");
        std::fs::write(migration.join("up.sql"), sql).expect("a file");
        let table = sql.split_whitespace().nth(2).expect("a table");
        std::fs::write(migration.join("down.sql"), format!("DROP TABLE {table}")).expect("a file");
    }
    FileBasedMigrations::from_path(folder).expect("migrations")
}

fn store() -> (TempDir, TenantPool<Sqlite>) {
    let store = Sqlite::store();
    let pool = Sqlite::pool(&store);
    (store, pool)
}

/// A second pool for the same folder, as another process has it.
fn other(store: &TempDir) -> TenantPool<Sqlite> {
    TenantPool::builder(SqliteFolder::new(store.path())).build().unwrap()
}

fn prices(pool: &TenantPool<Sqlite>, tenant: &str) -> Vec<i32> {
    Sqlite::prices(&mut pool.for_tenant(tenant).get().unwrap()).unwrap()
}

/// How many databases there are in a folder.
fn files(folder: &Path) -> usize {
    let names = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name());
    names.filter(|name| name.to_str().unwrap().ends_with(".db")).count()
}

#[test]
fn a_checkout_sees_its_tenants_file_and_the_shared_one_and_no_other() {
    let (_store, pool) = store();
    let mut conn = pool.for_tenant("client1").get().unwrap();
    let others = |conn: &mut Checkout<Sqlite>| diesel::sql_query("SELECT price FROM client2.items").execute(conn);
    let error = others(&mut conn).unwrap_err();
    assert!(error.to_string().contains("no such table: client2.items"), "{error}");
    assert_eq!(Sqlite::prices_in(&mut conn, "client2"), Ok(vec![1000, 100]));
    drop(conn);
    let mut conn = pool.for_tenant("client1").get().unwrap();
    assert!(
        others(&mut conn).is_err(),
        "the connection that has both files is not handed out again"
    );
    let mut shared = pool.shared().get().unwrap();
    assert!(shared.batch_execute("SELECT * FROM client1.items").is_err());
    for sql in [
        "CREATE TABLE main.left_here (id)",
        "CREATE VIRTUAL TABLE \"MAIN\".left_here USING fts5(text)",
    ] {
        let error = shared.batch_execute(sql).unwrap_err();
        assert!(error.to_string().contains("readonly"), "{sql}: {error}");
    }
}

#[test]
fn a_map_with_several_schemas_reaches_their_files_and_no_later_checkout_does() {
    mod billing {
        diesel::table! { billing.items (id) { id -> Integer, price -> Integer } }
    }
    let (_store, pool) = store();
    let with = |schema: &str| map("client1").with("billing", schema.parse().unwrap());
    let mut conn = pool.with_map(with("client2")).get().unwrap();
    let theirs = billing::items::table.select(billing::items::price);
    assert_eq!(theirs.first::<i32>(&mut conn), Ok(1000));
    assert_eq!(Sqlite::prices(&mut conn), Ok(vec![5000, 2000]));
    drop(conn);
    let mut conn = pool.for_tenant("client1").get().unwrap();
    assert!(
        diesel::sql_query("SELECT 1 FROM client2.items")
            .execute(&mut conn)
            .is_err()
    );
    let error = pool.with_map(with("client3")).get().unwrap_err();
    assert!(matches!(error, CheckoutError::UnknownTenant { .. }), "{error}");
}

#[test]
fn looking_for_a_tenant_makes_no_file() {
    let (store, pool) = store();
    let before = files(store.path());
    for name in ["client3", "..", "a/b", "con", "ä"] {
        let error = pool.for_tenant(name).get().unwrap_err();
        assert!(matches!(error, CheckoutError::UnknownTenant { .. }), "{name}: {error}");
    }
    for name in ["main", "temp", "Client1"] {
        let error = pool.for_tenant(name).get().unwrap_err();
        assert!(matches!(error, CheckoutError::InvalidName(_)), "{name}: {error}");
    }
    let mut conn = pool.for_tenant("client1").get().unwrap();
    assert!(Sqlite::prices_in(&mut conn, "client3").is_err());
    drop(conn);
    assert_eq!(files(store.path()), before);
}

#[derive(Debug, Clone, PartialEq, Queryable, Identifiable, AsChangeset, Insertable)]
#[diesel(table_name = items)]
struct Item {
    id: i32,
    description: String,
    price: i32,
}

#[test]
fn diesels_ways_to_write_work_on_a_checkout() {
    let (_store, pool) = store();
    let mut conn = pool.for_tenant("client1").get().unwrap();
    let item = |id, price| Item {
        id,
        description: "new".into(),
        price,
    };
    let batch = [item(3, 30), item(4, 40)];
    assert_eq!(
        diesel::insert_into(items::table).values(&batch[..]).execute(&mut conn),
        Ok(2)
    );
    let again = diesel::insert_into(items::table).values(vec![
        (items::id.eq(4), items::description.eq("again"), items::price.eq(41)),
        (items::id.eq(5), items::description.eq("again"), items::price.eq(50)),
    ]);
    assert_eq!(again.on_conflict_do_nothing().execute(&mut conn), Ok(1));
    // Rows with and without a default are sent one by one, in a transaction.
    let some = vec![(Some(items::id.eq(6)), items::description.eq("six"), items::price.eq(6)); 2];
    let failed = diesel::insert_into(items::table).values(some).execute(&mut conn);
    assert!(failed.is_err(), "the second has the same key");
    let one = diesel::insert_into(items::table)
        .values(item(7, 70))
        .get_result::<Item>(&mut conn);
    assert_eq!(one, Ok(item(7, 70)));
    let saved: Item = item(7, 71).save_changes(&mut conn).unwrap();
    assert_eq!(saved.price, 71);
    assert_eq!(Sqlite::prices(&mut conn), Ok(vec![5000, 2000, 30, 40, 50, 71]));
    let rows = items::table.select(items::id).load_iter::<i32, _>(&mut conn).unwrap();
    assert_eq!(rows.count(), 6);
}

#[test]
fn diesels_own_harness_migrates_under_the_checkouts_map() {
    let (_store, pool) = store();
    let notes = || migrations(&["CREATE TABLE notes (id INTEGER)"]);
    let mut conn = pool.for_tenant("client1").get().unwrap();
    // The versions 0 and 1 are the tenant's already.
    assert_eq!(conn.run_pending_migrations(notes()).unwrap().len(), 0);
    let more = migrations(&[
        "CREATE TABLE a (id)",
        "CREATE TABLE b (id)",
        "CREATE TABLE notes (id INTEGER)",
    ]);
    assert_eq!(conn.run_pending_migrations(more).unwrap().len(), 1);
    conn.batch_execute("INSERT INTO client1.notes VALUES (1)").unwrap();
    drop(conn);
    let mut conn = pool.for_tenant("client2").get().unwrap();
    assert!(conn.batch_execute("SELECT * FROM notes").is_err());
}

#[test]
fn what_cant_be_built_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing");
    let build = || TenantPool::<Sqlite>::builder(SqliteFolder::new(&missing));
    let error = build().build().unwrap_err();
    assert!(
        chain(&error).contains("there is no folder") && chain(&error).contains("missing"),
        "{}",
        chain(&error)
    );
    assert!(matches!(build().max_size(0).build(), Err(BuildError::Empty)));
    build().create_folder().build().unwrap();
    assert!(missing.is_dir());
}

#[test]
fn a_connection_without_a_pool_has_the_files_that_it_is_given() {
    let (store, _pool) = store();
    let mut conn = SqliteFilesConnection::open(Duration::from_secs(5)).unwrap();
    let name = "client2".parse().unwrap();
    let attach = |conn: &mut SqliteFilesConnection, file: &str| {
        conn.attach(
            &name,
            &store.path().join(file),
            diesel_tenants::sqlite::Access::ReadWrite,
        )
    };
    assert!(attach(&mut conn, "nobody.db").is_err());
    assert!(!store.path().join("nobody.db").exists());
    attach(&mut conn, "client2.db").unwrap();
    attach(&mut conn, "client2.db").unwrap();
    let mut conn = TenantConnection::new(conn, SchemaTranslateMap::tenant(name.clone()));
    assert_eq!(
        items::table
            .order(items::id)
            .select(items::price)
            .load::<i32>(&mut conn),
        Ok(vec![1000, 100])
    );
    let mut conn = conn.into_inner();
    conn.detach(&name).unwrap();
    assert!(conn.attached().is_empty());
}
