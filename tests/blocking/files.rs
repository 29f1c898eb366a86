//! A pool without async over files of SQLite: what only files have.

use std::{path::Path, thread, time::Duration};

use diesel::{connection::SimpleConnection, prelude::*, result::Error};
use diesel_tenants::{
    CheckoutError, SchemaTranslateMap, Sqlite, SqliteFolder,
    blocking::{BuildError, Checkout, SqliteFilesConnection, TenantConnection, TenantPool},
    diesel_migrations::{FileBasedMigrations, MigrationHarness},
};
use diesel_tenants_test_support::chain;
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

/// One migration for each script. The process' folder of temporary files keeps them.
pub fn migrations(scripts: &[&str]) -> FileBasedMigrations {
    let folder = tempfile::tempdir().expect("a folder").keep();
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

#[test]
fn connections_are_kept_by_tenant_and_bounded() {
    let store = Sqlite::store();
    let pool = Sqlite::builder(&store).max_idle(1).build().unwrap();
    for _ in 0..3 {
        assert_eq!(prices(&pool, "client1"), [5000, 2000]);
        assert_eq!(prices(&pool, "client2"), [1000, 100]);
    }
    assert_eq!(pool.status().available, 1);
}

#[test]
fn a_clean_connection_is_kept_and_what_is_left_costs_the_connection() {
    let (_store, pool) = store();
    let leave: [(bool, fn(&mut Checkout<Sqlite>)); 9] = [
        (true, |conn| {
            assert!(conn.batch_execute("INSERT INTO items VALUES (1, '', 1)").is_err())
        }),
        (true, |conn| {
            let undone: QueryResult<()> = conn.transaction(|_| Err(Error::RollbackTransaction));
            assert!(undone.is_err());
        }),
        (false, |conn| conn.batch_execute("BEGIN").unwrap()),
        (false, |conn| {
            diesel::sql_query("BEGIN").execute(conn).unwrap();
        }),
        (false, |conn| {
            conn.batch_execute("CREATE TEMP TABLE left_here (id)").unwrap()
        }),
        (false, |conn| conn.begin_test_transaction().unwrap()),
        (false, |conn| {
            conn.set_instrumentation(|_: diesel::connection::InstrumentationEvent<'_>| {})
        }),
        (false, |conn| drop(Sqlite::prices_in(conn, "client2").unwrap())),
        (false, |conn| {
            use diesel::connection::TransactionManager;
            <Checkout<Sqlite> as Connection>::TransactionManager::begin_transaction(conn).unwrap();
        }),
    ];
    for (number, (is_kept, leave)) in leave.into_iter().enumerate() {
        drop(pool.for_tenant("client1").get().unwrap());
        assert_eq!(pool.status().available, 1);
        let mut conn = pool.for_tenant("client1").get().unwrap();
        assert_eq!(pool.status().available, 0, "it is the same connection");
        leave(&mut conn);
        drop(conn);
        assert_eq!(pool.status().available, usize::from(is_kept), "{number}");
        assert_eq!(prices(&pool, "client1"), [5000, 2000]);
    }
}

#[test]
fn a_connection_in_anothers_place_is_closed() {
    let (_store, pool) = store();
    let mut one = pool.for_tenant("client1").get().unwrap();
    let mut two = pool.for_tenant("client2").get().unwrap();
    std::mem::swap(&mut *one, &mut *two);
    drop((one, two));
    assert_eq!(pool.status().available, 0);
    assert_eq!(prices(&pool, "client1"), [5000, 2000]);
}

#[test]
fn idle_connections_give_way_to_what_needs_the_file_alone_in_all_processes() {
    let (store, pool) = store();
    let others = other(&store);
    for pool in [&pool, &others] {
        assert_eq!(prices(pool, "client1"), [5000, 2000]);
        assert_eq!(pool.status().available, 1);
    }
    pool.rename_tenant("client1", "client9").unwrap();
    for pool in [&pool, &others] {
        assert_eq!(prices(pool, "client9"), [5000, 2000]);
        let error = pool.for_tenant("client1").get().unwrap_err();
        assert!(matches!(error, CheckoutError::UnknownTenant { .. }), "{error}");
    }
    let archive = pool.run(|pool| async move { pool.archive_tenant("client9").await });
    let archive = archive.unwrap();
    assert!(matches!(
        others.for_tenant("client9").get(),
        Err(CheckoutError::UnknownTenant { .. })
    ));
    others
        .run(|pool| async move { pool.restore_tenant(&archive, "client1").await })
        .unwrap();
    for pool in [&pool, &others] {
        assert_eq!(prices(pool, "client1"), [5000, 2000]);
    }
    let held = pool.for_tenant("client1").get().unwrap();
    let refused = others.run(|pool| async move { pool.drop_tenant("client1").wait(Duration::from_millis(300)).await });
    assert!(chain(&refused.unwrap_err()).contains("a connection still had"));
    drop(held);
    others.drop_tenant("client1").unwrap();
    assert!(pool.for_tenant("client1").get().is_err());
}

#[test]
fn a_file_that_was_replaced_is_noticed_at_once() {
    let (store, pool) = store();
    let others = other(&store);
    assert_eq!(prices(&others, "client1"), [5000, 2000]);
    pool.drop_tenant("client1").unwrap();
    Sqlite::create(&pool, "client1").unwrap();
    for pool in [&pool, &others] {
        assert_eq!(prices(pool, "client1"), [] as [i32; 0]);
    }
    std::fs::remove_file(store.path().join("client1.db")).unwrap();
    let error = others.for_tenant("client1").get().unwrap_err();
    assert!(matches!(error, CheckoutError::UnknownTenant { .. }), "{error}");
}

#[test]
fn writers_of_one_tenant_queue_even_if_they_read_first() {
    let (_store, pool) = store();
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                for _ in 0..10 {
                    let mut conn = pool.for_tenant("client1").get().unwrap();
                    let raised = conn.transaction::<_, Error, _>(|conn| {
                        let price: i32 = items::table.find(1).select(items::price).first(conn)?;
                        thread::sleep(Duration::from_millis(1));
                        diesel::update(items::table.find(1))
                            .set(items::price.eq(price + 1))
                            .execute(conn)
                    });
                    assert_eq!(raised, Ok(1));
                }
            });
        }
    });
    assert_eq!(prices(&pool, "client1"), [5030, 2000]);
}

#[test]
fn a_transaction_locks_its_tenants_file_only_and_an_immediate_one_all() {
    let (store, pool) = store();
    let locked = |file: &str| {
        let mut plain = SqliteConnection::establish(store.path().join(file).to_str().unwrap()).unwrap();
        plain.batch_execute("BEGIN IMMEDIATE; ROLLBACK").is_err()
    };
    let locks = || [locked("client1.db"), locked("client2.db"), locked("public.db")];
    let mut conn = pool.for_tenant("client1").get().unwrap();
    let read = pool.for_tenant("client1").read_only().get();
    conn.transaction::<_, Error, _>(|_| Ok(assert_eq!(locks(), [true, false, false])))
        .unwrap();
    read.unwrap()
        .transaction::<_, Error, _>(|conn| {
            assert_eq!(locks(), [false; 3]);
            assert!(
                diesel::delete(items::table)
                    .execute(conn)
                    .unwrap_err()
                    .to_string()
                    .contains("readonly")
            );
            Ok(())
        })
        .unwrap();
    conn.immediate_transaction::<_, Error, _>(|conn| {
        assert_eq!(locks(), [true, false, true]);
        let nested = conn.immediate_transaction::<(), Error, _>(|_| Ok(()));
        assert_eq!(nested, Err(Error::AlreadyInTransaction));
        diesel::update(items::table).set(items::price.eq(5)).execute(conn)
    })
    .unwrap();
    let undone = conn.exclusive_transaction::<(), Error, _>(|conn| {
        diesel::update(items::table).set(items::price.eq(6)).execute(conn)?;
        Err(Error::NotFound)
    });
    assert_eq!(undone, Err(Error::NotFound));
    assert_eq!(Sqlite::prices(&mut conn), Ok(vec![5, 5]));
    assert_eq!(locks(), [false; 3]);
}

#[test]
fn after_sqlite_rolled_back_nothing_runs_until_the_transaction_ends() {
    let (_store, pool) = store();
    let mut conn = pool.for_tenant("client1").get().unwrap();
    let raise = |conn: &mut Checkout<Sqlite>| Sqlite::raise(conn);
    let ended = conn.transaction::<(), Error, _>(|conn| {
        raise(conn)?;
        let conflict = diesel::sql_query("INSERT OR ROLLBACK INTO items VALUES (1, 'again', 1)").execute(conn);
        assert!(conflict.is_err());
        let refused = raise(conn).unwrap_err();
        assert!(refused.to_string().contains("rolled the transaction back"), "{refused}");
        assert!(conn.transaction::<_, Error, _>(raise).is_err());
        Ok(())
    });
    assert!(ended.unwrap_err().to_string().contains("rolled the transaction back"));
    assert_eq!(Sqlite::prices(&mut conn), Ok(vec![5000, 2000]));
    // So it is if the error comes while rows are read.
    let ended = conn.transaction::<(), Error, _>(|conn| {
        raise(conn)?;
        let conflict = diesel::sql_query("INSERT OR ROLLBACK INTO items VALUES (1, 'again', 1) RETURNING id");
        assert!(conflict.load::<Id>(conn).is_err());
        raise(conn).map(drop)
    });
    assert!(ended.is_err());
    for end in ["COMMIT", "/* done */ COMMIT", "-- done\nEND", ";ROLLBACK"] {
        let mut conn = pool.for_tenant("client1").get().unwrap();
        let ended = conn.transaction::<(), Error, _>(|conn| {
            diesel::sql_query(end).execute(conn)?;
            let more = raise(conn);
            assert!(more.is_err(), "{end:?}: it would be committed at once");
            more.map(drop)
        });
        assert!(ended.is_err());
    }
    assert_eq!(prices(&pool, "client1"), [5000, 2000]);
}

#[derive(QueryableByName)]
struct Id {
    #[diesel(sql_type = diesel::sql_types::Integer)]
    #[expect(dead_code, reason = "no row comes")]
    id: i32,
}

#[test]
fn a_commit_that_fails_leaves_no_transaction_open() {
    let (_store, pool) = store();
    let mut conn = pool.for_tenant("client1").get().unwrap();
    conn.batch_execute(
        "CREATE TABLE parents (id INTEGER PRIMARY KEY);
         CREATE TABLE children (parent INTEGER REFERENCES parents DEFERRABLE INITIALLY DEFERRED)",
    )
    .unwrap();
    let failed = conn.transaction::<_, Error, _>(|conn| conn.batch_execute("INSERT INTO children VALUES (1)"));
    assert!(failed.is_err());
    assert_eq!(conn.transaction::<_, Error, _>(Sqlite::raise), Ok(1));
    assert_eq!(Sqlite::prices(&mut conn), Ok(vec![5001, 2000]));
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
fn a_closed_pool_refuses_and_keeps_nothing() {
    let (_store, pool) = store();
    let held = pool.for_tenant("client1").get().unwrap();
    pool.as_async().close();
    let error = pool.for_tenant("client2").get().unwrap_err();
    assert!(matches!(error, CheckoutError::Closed { .. }), "{error}");
    drop(held);
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
