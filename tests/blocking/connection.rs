//! Every kind of query over Diesel's own `PgConnection`.

use std::sync::{Arc, Mutex};

use diesel::{
    connection::{DefaultLoadingMode, InstrumentationEvent, SimpleConnection},
    pg::PgRowByRowLoadingMode,
    prelude::*,
    result::Error,
    sql_types::{BigInt, Integer},
};
use diesel_tenants::{RefusedStatement, SchemaTranslateMap, TranslateDsl, TranslateError, blocking::TenantConnection};

use crate::store::{connect, database, items, map, orders, users, value};

#[test]
fn typed_queries_go_to_the_tenant_and_pinned_tables_stay() {
    let database = database();
    for (tenant, expected) in [("client1", [5000, 2000]), ("client2", [1000, 100])] {
        let conn = &mut connect(&database, map(tenant));
        let line = users::table
            .inner_join(orders::table.inner_join(items::table))
            .order(orders::id)
            .select((users::name, items::description, items::price, orders::quantity))
            .load::<(String, String, i32, i32)>(conn)
            .unwrap();
        assert_eq!(line[0], ("Ada".into(), format!("{tenant} Tesla"), expected[0], 1));
        assert_eq!(line[1], ("Grace".into(), format!("{tenant} Huawei"), expected[1], 2));

        let boxed = items::table.into_boxed().filter(items::price.gt(500)).count();
        let more = expected.iter().filter(|price| **price > 500).count();
        assert_eq!(boxed.get_result::<i64>(conn), Ok(more as i64));
        let (first, second) = diesel::alias!(items as first, items as second);
        let pairs = first
            .inner_join(second.on(first.field(items::price).gt(second.field(items::price))))
            .select((first.field(items::id), second.field(items::id)));
        assert_eq!(pairs.load::<(i32, i32)>(conn), Ok(vec![(1, 2)]));
        let rows = items::table
            .order(items::id)
            .select(items::price)
            .load_iter::<i32, DefaultLoadingMode>(conn);
        assert_eq!(rows.unwrap().collect::<QueryResult<Vec<_>>>().unwrap(), expected);
        let rows = items::table
            .order(items::id)
            .select(items::price)
            .load_iter::<i32, PgRowByRowLoadingMode>(conn);
        assert_eq!(rows.unwrap().collect::<QueryResult<Vec<_>>>().unwrap(), expected);
        let first: Option<(i32, String)> = items::table
            .select((items::id, items::description))
            .filter(items::id.eq_any([7, 8]))
            .first(conn)
            .optional()
            .unwrap();
        assert_eq!(first, None);
    }
}

#[derive(Debug, PartialEq, Clone, Queryable, Selectable, Identifiable, AsChangeset, Insertable)]
#[diesel(table_name = items)]
struct Item {
    id: i32,
    description: String,
    price: i32,
}

#[test]
fn changes_stay_with_the_tenant() {
    let database = database();
    let conn = &mut connect(&database, map("client2"));
    let rows: Vec<_> = (3..6)
        .map(|id| (items::id.eq(id), items::description.eq("new"), items::price.eq(id)))
        .collect();
    assert_eq!(diesel::insert_into(items::table).values(rows).execute(conn), Ok(3));
    let item = Item {
        id: 6,
        description: "new".into(),
        price: 6,
    };
    let inserted: Item = diesel::insert_into(items::table)
        .values(&item)
        .returning(Item::as_returning())
        .get_result(conn)
        .unwrap();
    assert_eq!(inserted, item);
    let again = diesel::insert_into(items::table)
        .values(&item)
        .on_conflict(items::id)
        .do_update()
        .set(items::price.eq(7));
    assert_eq!(again.execute(conn), Ok(1));
    let saved: Item = Item { price: 8, ..item }.save_changes(conn).unwrap();
    assert_eq!(saved.price, 8);
    assert_eq!(
        diesel::update(items::table.filter(items::id.gt(2)))
            .set(items::price.eq(9))
            .execute(conn),
        Ok(4)
    );
    assert_eq!(diesel::delete(items::table.find(6)).execute(conn), Ok(1));
    assert_eq!(
        value(&database, "SELECT count(*) || ' ' || sum(price) FROM client2.items"),
        "5 1127"
    );
    assert_eq!(
        value(&database, "SELECT count(*) || ' ' || sum(price) FROM client1.items"),
        "2 7000"
    );
}

#[test]
fn raw_sql_and_batches_are_translated() {
    #[derive(QueryableByName)]
    struct Sum {
        #[diesel(sql_type = BigInt)]
        sum: i64,
    }

    let database = database();
    let conn = &mut connect(&database, map("client2"));
    let sum: Sum = diesel::sql_query("SELECT sum(price) FROM items WHERE price > $1")
        .bind::<Integer, _>(100)
        .get_result(conn)
        .unwrap();
    assert_eq!(sum.sum, 1000);
    conn.batch_execute("UPDATE items SET price = 1; CREATE TABLE notes (id int); INSERT INTO notes VALUES (1)")
        .unwrap();
    assert_eq!(value(&database, "SELECT sum(price) FROM client2.items"), "2");
    assert_eq!(value(&database, "SELECT sum(price) FROM client1.items"), "7000");
    assert_eq!(value(&database, "SELECT to_regclass('client2.notes')"), "client2.notes");
}

#[test]
fn without_a_tenant_a_tenants_table_is_an_error_before_anything_is_sent() {
    let database = database();
    let conn = &mut connect(&database, SchemaTranslateMap::new());
    let sent = Arc::new(Mutex::new(0));
    let seen = Arc::clone(&sent);
    conn.set_instrumentation(move |event: InstrumentationEvent<'_>| {
        if let InstrumentationEvent::StartQuery { .. } = event {
            *seen.lock().unwrap() += 1;
        }
    });
    let refused = |error: Error| {
        let Error::QueryBuilderError(error) = error else {
            panic!("{error:?}")
        };
        assert!(
            error.is::<TranslateError>() && error.to_string().contains("items"),
            "{error}"
        );
    };
    refused(items::table.count().get_result::<i64>(conn).unwrap_err());
    refused(diesel::delete(items::table).execute(conn).unwrap_err());
    refused(diesel::sql_query("DELETE FROM items").execute(conn).unwrap_err());
    refused(conn.batch_execute("SELECT 1; DELETE FROM items").unwrap_err());
    assert_eq!(*sent.lock().unwrap(), 0);
    assert_eq!(users::table.count().get_result::<i64>(conn), Ok(2));
    assert_eq!(*sent.lock().unwrap(), 1);
    assert_eq!(value(&database, "SELECT count(*) FROM client1.items"), "2");
}

#[test]
fn a_querys_own_map_replaces_the_connections() {
    let database = database();
    for own in [map("client1"), SchemaTranslateMap::new()] {
        let conn = &mut connect(&database, own);
        let price = |id: i32| items::table.find(id).select(items::price).in_schema("client2");
        for _ in 0..2 {
            assert_eq!(price(1).get_result::<i32>(conn), Ok(1000));
            let all = items::table.in_schema("client2").order(items::id).select(items::price);
            assert_eq!(all.load::<i32>(conn), Ok(vec![1000, 100]));
        }
        // What changes rows is run by reference.
        let raise = diesel::update(items::table.find(2))
            .set(items::price.eq(items::price + 1))
            .in_schema("client2");
        assert_eq!(raise.execute(conn), Ok(1));
        let lower = diesel::update(items::table.find(2))
            .set(items::price.eq(items::price - 1))
            .returning(items::price)
            .in_schema("client2");
        assert_eq!(lower.get_result::<i32>(conn), Ok(100));
        let replaced = items::table.count().with_schema_map(SchemaTranslateMap::new());
        assert!(replaced.get_result::<i64>(conn).is_err());
        let exists =
            diesel::select(diesel::dsl::exists(items::table.filter(items::price.eq(1000)))).in_schema("client2");
        assert_eq!(exists.get_result::<bool>(conn), Ok(true));
    }
    assert_eq!(value(&database, "SELECT sum(price) FROM client1.items"), "7000");
}

#[test]
fn a_statement_kept_for_one_tenant_never_serves_another() {
    let database = database();
    let mut conn = connect(&database, map("client1"));
    for round in 0..6 {
        let (tenant, price) = if round % 2 == 0 {
            ("client1", 5000)
        } else {
            ("client2", 1000)
        };
        let mut one = TenantConnection::new(conn.into_inner(), map(tenant));
        assert_eq!(
            items::table.find(1).select(items::price).first::<i32>(&mut one),
            Ok(price)
        );
        let updated = diesel::update(items::table.find(1))
            .set(items::description.eq(tenant))
            .execute(&mut one);
        assert_eq!(updated, Ok(1));
        conn = one;
    }
    for tenant in ["client1", "client2"] {
        assert_eq!(
            value(
                &database,
                &format!("SELECT description FROM {tenant}.items WHERE id = 1")
            ),
            tenant
        );
    }
}

#[test]
fn statements_are_prepared_once_for_each_tenant() {
    let database = database();
    let conn = &mut connect(&database, map("client1"));
    for _ in 0..3 {
        items::table.find(1).select(items::price).first::<i32>(conn).unwrap();
        diesel::delete(items::table.find(9)).execute(conn).unwrap();
    }
    let prepared = diesel::sql_query(
        "SELECT count(*) AS sum FROM pg_catalog.pg_prepared_statements \
         WHERE statement LIKE '%client1%' AND statement NOT LIKE '%pg_prepared%'",
    );
    #[derive(QueryableByName)]
    struct Count {
        #[diesel(sql_type = BigInt)]
        sum: i64,
    }
    assert_eq!(prepared.get_result::<Count>(conn).unwrap().sum, 2);
}

#[test]
fn only_the_caller_uses_the_session_so_its_state_is_the_callers() {
    let database = database();
    let conn = &mut connect(&database, map("client1"));
    conn.batch_execute("SET work_mem = '5MB'; CREATE TEMPORARY TABLE mine (id int)")
        .unwrap();
    let error = diesel::sql_query("SELECT lastval()").execute(conn).unwrap_err();
    assert!(
        !matches!(&error, Error::QueryBuilderError(error) if error.is::<RefusedStatement>()),
        "{error:?}"
    );
}

#[test]
fn a_query_can_be_printed() {
    let query = items::table
        .in_schema("client1")
        .filter(items::price.gt(3))
        .select(items::id);
    let text = diesel::debug_query::<diesel::pg::Pg, _>(&query).to_string();
    assert!(
        text.contains(r#"FROM "client1"."items""#) && text.contains("binds: [3]"),
        "{text}"
    );
}

#[test]
fn outdated_statements_fail_once_and_then_are_prepared_anew() {
    let database = database();
    let conn = &mut connect(&database, map("client1"));
    let all = || items::table.order(items::id).select(items::all_columns).limit(1);
    assert_eq!(all().load::<Item>(conn).unwrap().len(), 1);
    database.run("ALTER TABLE client1.items ALTER description TYPE varchar(99)");
    assert!(all().load::<Item>(conn).is_err());
    for _ in 0..2 {
        assert_eq!(all().load::<Item>(conn).unwrap().len(), 1);
    }
}
