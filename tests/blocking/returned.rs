//! What happens to a connection when it comes back.

use std::{
    mem,
    panic::{AssertUnwindSafe, catch_unwind},
    thread,
    time::{Duration, Instant},
};

use diesel::{PgConnection, connection::SimpleConnection, prelude::*, sql_types::Integer};
use diesel_tenants::{
    RefusedStatement,
    blocking::{Checkout, PostgresConnection, TenantPool},
};

use crate::{
    pool::{pool, pool_with},
    store::{database, items, value},
    types::{Good, Mood, Status, parcels, with_parcels},
};

#[derive(QueryableByName)]
struct Process {
    #[diesel(sql_type = Integer)]
    pid: i32,
}

/// The server's process behind a connection.
fn process(conn: &mut Checkout<PgConnection>) -> i32 {
    let pid = diesel::sql_query("SELECT pg_catalog.pg_backend_pid() AS pid");
    pid.get_result::<Process>(conn).expect("a process").pid
}

fn alone(database: &diesel_tenants_test_support::Database) -> TenantPool<PgConnection> {
    pool_with(database, |builder| builder.max_size(1))
}

#[test]
fn a_clean_connection_is_kept_and_forgets_its_map() {
    let database = database();
    let pool = alone(&database);
    let mut conn = pool.for_tenant("client1").get().unwrap();
    let before = process(&mut conn);
    assert_eq!(items::table.count().get_result::<i64>(&mut conn), Ok(2));
    assert!(conn.batch_execute("SELECT 1 / 0 FROM items").is_err());
    let undone: QueryResult<()> = conn.transaction(|_| Err(diesel::result::Error::RollbackTransaction));
    assert!(undone.is_err());
    conn.transaction(|conn| conn.batch_execute("SET LOCAL work_mem = '5MB'"))
        .unwrap();
    drop(conn);
    let mut conn = pool.shared().get().unwrap();
    assert!(items::table.count().get_result::<i64>(&mut conn).is_err());
    assert_eq!(process(&mut conn), before);
}

#[test]
fn state_that_is_left_costs_the_connection() {
    let database = database();
    let pool = alone(&database);
    let leave: [fn(&mut Checkout<PgConnection>); 8] = [
        |conn| conn.batch_execute("SET work_mem = '5MB'").unwrap(),
        |conn| conn.batch_execute("CREATE TEMPORARY TABLE mine (id int)").unwrap(),
        |conn| {
            diesel::sql_query("SELECT pg_advisory_lock(1)").execute(conn).unwrap();
        },
        |conn| conn.batch_execute("BEGIN").unwrap(),
        |conn| conn.begin_test_transaction().unwrap(),
        |conn| {
            diesel::sql_query("LISTEN something").execute(conn).unwrap();
        },
        |conn| conn.set_instrumentation(|_: diesel::connection::InstrumentationEvent<'_>| {}),
        |conn| {
            use diesel::connection::TransactionManager;
            <Checkout<PgConnection> as Connection>::TransactionManager::begin_transaction(conn).unwrap();
        },
    ];
    for (number, leave) in leave.into_iter().enumerate() {
        let mut conn = pool.for_tenant("client1").get().unwrap();
        let before = process(&mut conn);
        leave(&mut conn);
        drop(conn);
        let mut conn = pool.for_tenant("client2").get().unwrap();
        assert_ne!(process(&mut conn), before, "{number}");
    }
}

#[test]
fn whoever_waits_for_a_connection_that_is_closed_gets_a_new_one_soon() {
    let database = database();
    let pool = alone(&database);
    for _ in 0..3 {
        let mut held = pool.for_tenant("client1").get().unwrap();
        held.batch_execute("SET work_mem = '5MB'").unwrap();
        thread::scope(|scope| {
            let waiting = scope.spawn(|| {
                let conn = pool.for_tenant("client2").get();
                (conn.map(drop), Instant::now())
            });
            thread::sleep(Duration::from_millis(50));
            let dropped = Instant::now();
            drop(held);
            let (got, when) = waiting.join().unwrap();
            got.unwrap();
            assert!(when - dropped < Duration::from_secs(3), "{:?}", when - dropped);
        });
    }
}

#[test]
fn a_panic_costs_the_connection_and_nothing_else() {
    let database = database();
    let pool = alone(&database);
    let mut before = 0;
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let mut conn = pool.for_tenant("client1").get().unwrap();
        before = process(&mut conn);
        let _: QueryResult<()> = conn.transaction(|conn| {
            diesel::delete(items::table).execute(conn)?;
            panic!("in a transaction")
        });
    }));
    assert!(panicked.is_err());
    let mut conn = pool.for_tenant("client1").get().unwrap();
    assert_ne!(process(&mut conn), before);
    assert_eq!(items::table.count().get_result::<i64>(&mut conn), Ok(2));
    // One that is caught before the connection comes back leaves the transaction open.
    before = process(&mut conn);
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let _: QueryResult<()> = conn.transaction(|conn| {
            diesel::delete(items::table).execute(conn)?;
            panic!("in a transaction")
        });
    }));
    assert!(panicked.is_err());
    drop(conn);
    let mut conn = pool.for_tenant("client1").get().unwrap();
    assert_ne!(process(&mut conn), before);
    assert_eq!(items::table.count().get_result::<i64>(&mut conn), Ok(2));
}

#[test]
fn a_connection_in_anothers_place_is_closed() {
    let (database, other) = (database(), database());
    let (pool, others) = (alone(&database), alone(&other));
    let mut conn = pool.for_tenant("client1").get().unwrap();
    let mut foreign = others.for_tenant("client1").get().unwrap();
    let (one, two) = (process(&mut conn), process(&mut foreign));
    mem::swap(&mut *conn, &mut *foreign);
    drop((conn, foreign));
    assert!(![one, two].contains(&process(&mut pool.for_tenant("client1").get().unwrap())));
    assert!(![one, two].contains(&process(&mut others.for_tenant("client1").get().unwrap())));
}

#[test]
fn what_a_shared_session_must_not_be_asked_is_refused() {
    let database = database();
    let pool = alone(&database);
    let mut conn = pool.for_tenant("client1").get().unwrap();
    let error = diesel::sql_query("SELECT lastval()").execute(&mut conn).unwrap_err();
    let diesel::result::Error::QueryBuilderError(refused) = &error else {
        panic!("{error:?}")
    };
    assert!(
        matches!(refused.downcast_ref(), Some(RefusedStatement::LastValue { .. })),
        "{error:?}"
    );
}

#[test]
fn a_connection_with_too_many_statements_or_tenants_is_replaced() {
    let database = database();
    let pool = pool_with(&database, |builder| {
        builder.max_size(1).options(|options| options.max_statements(5))
    });
    let mut conn = pool.for_tenant("client1").get().unwrap();
    let before = process(&mut conn);
    for number in 1..=7 {
        // Each has a text of its own.
        let ids: Vec<i32> = (0..number).collect();
        let any = items::table.filter(items::id.eq_any(&ids)).count();
        any.get_result::<i64>(&mut conn).unwrap();
        let limited = format!("SELECT count(*) AS pid FROM items LIMIT {number}");
        diesel::sql_query(limited).execute(&mut conn).unwrap();
    }
    items::table.count().get_result::<i64>(&mut conn).unwrap();
    drop(conn);
    let mut conn = pool.for_tenant("client1").get().unwrap();
    assert_eq!(
        process(&mut conn),
        before,
        "raw SQL is not kept, and these queries had one text"
    );
    for limit in 1..=3_i64 {
        let query = items::table.limit(limit).select(items::id);
        query.load::<i32>(&mut conn).unwrap();
        query.offset(1).load::<i32>(&mut conn).unwrap();
    }
    items::table
        .order(items::id)
        .select(items::price)
        .load::<i32>(&mut conn)
        .unwrap();
    items::table
        .order(items::price)
        .select(items::price)
        .load::<i32>(&mut conn)
        .unwrap();
    items::table
        .order(items::description)
        .select(items::price)
        .load::<i32>(&mut conn)
        .unwrap();
    drop(conn);
    assert_ne!(process(&mut pool.for_tenant("client1").get().unwrap()), before);

    let pool = pool_with(&database, |builder| {
        builder.max_size(1).options(|options| options.max_tenants(1))
    });
    let first = process(&mut pool.for_tenant("client1").get().unwrap());
    assert_eq!(process(&mut pool.for_tenant("client1").get().unwrap()), first);
    assert_eq!(
        process(&mut pool.for_tenant("client2").get().unwrap()),
        first,
        "that is one too many"
    );
    assert_ne!(process(&mut pool.for_tenant("client1").get().unwrap()), first);
}

fn send_parcel(conn: &mut Checkout<PgConnection>) -> QueryResult<usize> {
    diesel::insert_into(parcels::table)
        .values((parcels::status.eq(Status::Sent), parcels::history.eq(vec![Status::New])))
        .execute(conn)
}

#[test]
fn each_tenants_types_are_its_own_and_new_ones_are_found() {
    let database = with_parcels();
    let pool = alone(&database);
    for _ in 0..3 {
        for tenant in ["client1", "client2"] {
            assert_eq!(send_parcel(&mut pool.for_tenant(tenant).get().unwrap()), Ok(1));
        }
    }
    // Made anew, by somebody else, under the same name.
    for tenant in ["client1", "client2"] {
        database.run(&format!(
            "DROP TABLE {tenant}.parcels; DROP TYPE {tenant}.order_status;
             CREATE TYPE {tenant}.order_status AS ENUM ('sent', 'new');
             CREATE TABLE {tenant}.parcels (id serial PRIMARY KEY, status {tenant}.order_status NOT NULL,
                 history {tenant}.order_status[] NOT NULL)"
        ));
    }
    // The first one may fail, and costs the connection.
    let _ = send_parcel(&mut pool.for_tenant("client1").get().unwrap());
    for tenant in ["client1", "client2"] {
        assert_eq!(
            send_parcel(&mut pool.for_tenant(tenant).get().unwrap()),
            Ok(1),
            "{tenant}"
        );
    }
    assert_eq!(value(&database, "SELECT count(*) FROM client2.parcels"), "1");
    let _ = pool;
}

#[test]
fn the_rust_driver_finds_each_tenants_types() {
    let database = with_parcels();
    database.run(
        "CREATE SCHEMA extensions; CREATE TYPE extensions.mood AS ENUM ('good');
         CREATE TABLE client1.moods (mood extensions.mood)",
    );
    let pool = TenantPool::<PostgresConnection>::builder(database.url())
        .max_size(1)
        .options(|options| options.extension_schemas(["extensions"]))
        .build()
        .unwrap();
    for _ in 0..2 {
        let mut conn = pool.for_tenant("client1").get().unwrap();
        let insert = diesel::sql_query("INSERT INTO moods VALUES ($1)").bind::<Mood, _>(Good);
        assert_eq!(insert.execute(&mut conn), Ok(1), "a type of an extension");
        drop(conn);
        for tenant in ["client1", "client2"] {
            let mut conn = pool.for_tenant(tenant).get().unwrap();
            let inserted = diesel::insert_into(parcels::table)
                .values((parcels::status.eq(Status::Sent), parcels::history.eq(vec![Status::New])))
                .returning(parcels::status)
                .get_result::<Status>(&mut conn);
            assert_eq!(inserted, Ok(Status::Sent), "{tenant}");
        }
    }
}

#[test]
fn the_pool_ends_with_its_last_handle() {
    let database = database();
    let pool = pool(&database);
    let mut conn = pool.for_tenant("client1").get().unwrap();
    drop(pool);
    assert_eq!(
        items::table.count().get_result::<i64>(&mut conn),
        Ok(2),
        "a checkout outlives its pool"
    );
    drop(conn);
    let others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() \
         AND backend_type = 'client backend'";
    let started = Instant::now();
    while value(&database, others) != "0" {
        assert!(
            started.elapsed() < Duration::from_secs(10),
            "{}",
            value(&database, others)
        );
        thread::sleep(Duration::from_millis(20));
    }
}
