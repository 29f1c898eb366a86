//! The same over `SqliteConnection`: each tenant is a file that is attached.

use diesel::{SqliteConnection, connection::SimpleConnection, prelude::*, result::Error};
use diesel_tenants::{SchemaTranslateMap, TranslateDsl, TranslateError, blocking::TenantConnection};
use tempfile::TempDir;

use crate::store::{items, map, orders, tenant, users};

/// A connection to which the shared file and both tenants' are attached.
fn connect(map: SchemaTranslateMap) -> (TempDir, TenantConnection<SqliteConnection>) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut conn = SqliteConnection::establish(":memory:").expect("SQLite");
    for schema in ["public", "client1", "client2"] {
        let path = folder.path().join(schema);
        conn.batch_execute(&format!("ATTACH '{}' AS {schema}", path.display()))
            .expect("a file");
    }
    let tables = [
        crate::store::USERS.to_owned(),
        tenant("client1", [5000, 2000]),
        tenant("client2", [1000, 100]),
    ];
    conn.batch_execute(&tables.join(";")).expect("tables");
    (folder, TenantConnection::new(conn, map))
}

#[derive(Debug, PartialEq, Clone, Queryable, Identifiable, AsChangeset, Insertable)]
#[diesel(table_name = items)]
struct Item {
    id: i32,
    description: String,
    price: i32,
}

#[test]
fn every_kind_of_query_goes_to_the_tenants_file() {
    let (_folder, mut conn) = connect(map("client2"));
    let conn = &mut conn;
    let lines = users::table
        .inner_join(orders::table.inner_join(items::table))
        .order(orders::id)
        .select((users::name, items::description, items::price));
    let line = |name: &str, item: &str, price| (name.to_owned(), item.to_owned(), price);
    assert_eq!(
        lines.load::<(String, String, i32)>(conn),
        Ok(vec![
            line("Ada", "client2 Tesla", 1000),
            line("Grace", "client2 Huawei", 100)
        ])
    );
    let new = Item {
        id: 3,
        description: "new".into(),
        price: 3,
    };
    let inserted = diesel::insert_into(items::table).values(&new).get_result::<Item>(conn);
    assert_eq!(inserted, Ok(new.clone()));
    let again = diesel::insert_into(items::table)
        .values(&new)
        .on_conflict(items::id)
        .do_update();
    assert_eq!(again.set(items::price.eq(4)).execute(conn), Ok(1));
    let saved: Item = Item { price: 5, ..new }.save_changes(conn).unwrap();
    assert_eq!(saved.price, 5);
    assert_eq!(
        diesel::sql_query("UPDATE items SET price = 6 WHERE id = 3").execute(conn),
        Ok(1)
    );
    let prices = |schema| items::table.in_schema(schema).order(items::id).select(items::price);
    assert_eq!(prices("client2").load::<i32>(conn), Ok(vec![1000, 100, 6]));
    assert_eq!(prices("client1").load::<i32>(conn), Ok(vec![5000, 2000]));
    let rows = items::table
        .select(items::id)
        .order(items::id)
        .load_iter::<i32, _>(conn)
        .unwrap();
    assert_eq!(rows.collect::<QueryResult<Vec<_>>>(), Ok(vec![1, 2, 3]));
    let deleted = diesel::delete(items::table.find(3)).in_schema("client1");
    assert_eq!(deleted.execute(conn), Ok(0));
    conn.batch_execute("DELETE FROM items WHERE id = 3; CREATE TABLE notes (id)")
        .unwrap();
    assert_eq!(prices("client2").load::<i32>(conn), Ok(vec![1000, 100]));
    assert_eq!(
        diesel::sql_query("INSERT INTO client2.notes VALUES (1)").execute(conn),
        Ok(1)
    );
}

#[test]
fn without_a_tenant_a_tenants_table_is_an_error() {
    let (_folder, mut conn) = connect(SchemaTranslateMap::new());
    let refused = |error: Error| {
        assert!(
            matches!(&error, Error::QueryBuilderError(error) if error.is::<TranslateError>()),
            "{error:?}"
        );
    };
    refused(items::table.count().get_result::<i64>(&mut conn).unwrap_err());
    refused(diesel::delete(items::table).execute(&mut conn).unwrap_err());
    refused(conn.batch_execute("DELETE FROM items").unwrap_err());
    assert_eq!(users::table.count().get_result::<i64>(&mut conn), Ok(2));
}

#[test]
fn transactions_and_savepoints_roll_back() {
    let (_folder, mut conn) = connect(map("client1"));
    let raise = |conn: &mut TenantConnection<SqliteConnection>| {
        diesel::update(items::table.find(1))
            .set(items::price.eq(items::price + 1))
            .execute(conn)
    };
    let committed: QueryResult<()> = conn.immediate_transaction(|conn| {
        raise(conn)?;
        let undone: QueryResult<()> = conn.transaction(|conn| {
            raise(conn)?;
            Err(Error::RollbackTransaction)
        });
        assert_eq!(undone, Err(Error::RollbackTransaction));
        Ok(())
    });
    assert_eq!(committed, Ok(()));
    let undone: QueryResult<()> = conn.exclusive_transaction(|conn| raise(conn).and(Err(Error::NotFound)));
    assert_eq!(undone, Err(Error::NotFound));
    assert_eq!(
        items::table.find(1).select(items::price).first::<i32>(&mut conn),
        Ok(5001)
    );
}
