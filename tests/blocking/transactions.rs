use diesel::{connection::SimpleConnection, prelude::*, result::Error};

use crate::store::{connect, database, items, map, value};

fn raise(conn: &mut impl LoadConnectionOverPg) -> QueryResult<usize> {
    diesel::update(items::table.find(1))
        .set(items::price.eq(items::price + 1))
        .execute(conn)
}

/// What functions of an application ask for that take any connection.
trait LoadConnectionOverPg: diesel::connection::LoadConnection<Backend = diesel::pg::Pg> {}

impl<C: diesel::connection::LoadConnection<Backend = diesel::pg::Pg>> LoadConnectionOverPg for C {}

#[test]
fn transactions_and_savepoints_commit_and_roll_back() {
    let database = database();
    let conn = &mut connect(&database, map("client1"));
    let committed: QueryResult<()> = conn.transaction(|conn| {
        raise(conn)?;
        let inner: QueryResult<()> = conn.transaction(|conn| {
            raise(conn)?;
            Err(Error::RollbackTransaction)
        });
        assert_eq!(inner, Err(Error::RollbackTransaction));
        // A failed statement is undone by its savepoint.
        let failed: QueryResult<()> = conn.transaction(|conn| conn.batch_execute("SELECT 1 / 0 FROM items"));
        assert!(failed.is_err());
        // So is one that was refused before it was sent.
        let refused: QueryResult<()> = conn.transaction(|conn| conn.batch_execute("SELECT FROM ("));
        assert!(refused.is_err());
        conn.transaction(|conn| raise(conn).map(|_| ()))
    });
    assert_eq!(committed, Ok(()));
    assert_eq!(value(&database, "SELECT price FROM client1.items WHERE id = 1"), "5002");

    let undone: Result<(), Error> = conn.transaction(|conn| {
        raise(conn)?;
        Err(Error::NotFound)
    });
    assert_eq!(undone, Err(Error::NotFound));
    assert_eq!(value(&database, "SELECT price FROM client1.items WHERE id = 1"), "5002");
    let seen = conn.test_transaction(|conn| {
        raise(conn)?;
        items::table.find(1).select(items::price).first::<i32>(conn)
    });
    assert_eq!(seen, 5003);
    conn.begin_test_transaction().unwrap();
    raise(conn).unwrap();
    assert_eq!(value(&database, "SELECT price FROM client1.items WHERE id = 1"), "5002");
}

#[test]
fn transactions_have_levels_and_modes() {
    let database = database();
    let conn = &mut connect(&database, map("client1"));
    let level: QueryResult<String> = conn
        .build_transaction()
        .serializable()
        .read_only()
        .deferrable()
        .run(|conn| {
            assert!(matches!(raise(conn), Err(Error::DatabaseError(..))));
            Err(Error::RollbackTransaction)
        });
    assert_eq!(level, Err(Error::RollbackTransaction));
    conn.build_transaction().repeatable_read().run(raise).unwrap();
    let nested: QueryResult<()> = conn.transaction(|conn| conn.build_transaction().run(|_| Ok(())));
    assert_eq!(nested, Err(Error::AlreadyInTransaction));
    assert_eq!(value(&database, "SELECT price FROM client1.items WHERE id = 1"), "5001");
}
