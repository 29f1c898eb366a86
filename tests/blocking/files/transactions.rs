use std::{thread, time::Duration};

use diesel::{connection::SimpleConnection, prelude::*, result::Error};
use diesel_tenants::{Sqlite, blocking::Checkout};

use super::{prices, store};
use crate::{both::Kind, store::items};

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
    conn.transaction::<_, Error, _>(|_| {
        assert_eq!(locks(), [true, false, false]);
        Ok(())
    })
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

#[derive(QueryableByName)]
struct Id {
    #[diesel(sql_type = diesel::sql_types::Integer)]
    #[expect(dead_code, reason = "no row comes")]
    id: i32,
}
