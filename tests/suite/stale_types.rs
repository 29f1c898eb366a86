//! The types that a connection knows may be others by now, when a tenant was made anew: it heals by itself.

use diesel::prelude::*;
use diesel_async::{AsyncConnection, RunQueryDsl};
use diesel_tenants::Checkout;

use crate::{
    store::Store,
    types::{Status, parcels},
};

/// Makes the tenant anew under its old name, behind the back of the pool.
fn make_anew(store: &Store, tenant: &str) {
    store.database.run(&format!(
        "DROP SCHEMA IF EXISTS {tenant} CASCADE;
         CREATE SCHEMA {tenant};
         CREATE TYPE {tenant}.order_status AS ENUM ('new', 'sent');
         CREATE TABLE {tenant}.parcels (
             id serial PRIMARY KEY, status {tenant}.order_status NOT NULL,
             history {tenant}.order_status[] NOT NULL, weight int NOT NULL
         )"
    ));
}

#[tokio::test]
async fn types_and_tables_that_were_made_anew_are_found_unseen() {
    let store = Store::on_one_connection().await;
    make_anew(&store, "client3");
    let mut conn = store.pool.for_tenant("client3").get().await.unwrap();
    let insert = || {
        diesel::insert_into(parcels::table).values((
            parcels::status.eq(Status::Sent),
            parcels::history.eq(vec![Status::New, Status::Sent]),
            parcels::weight.eq(-1),
        ))
    };
    let update = || diesel::update(parcels::table).set(parcels::history.eq(vec![Status::Sent]));
    let count = || parcels::table.filter(parcels::status.eq(Status::Sent)).count();
    for round in 0..6 {
        // The first statement that meets the new types is another one each time.
        if round % 3 == 0 {
            assert_eq!(insert().execute(&mut conn).await, Ok(1), "round {round}");
        }
        if round % 3 == 1 {
            assert_eq!(update().execute(&mut conn).await, Ok(0), "round {round}");
        }
        assert_eq!(
            count().get_result::<i64>(&mut conn).await,
            Ok(i64::from(round % 3 == 0))
        );
        assert_eq!(insert().execute(&mut conn).await, Ok(1));
        let history: Vec<Status> = parcels::table
            .order(parcels::id.desc())
            .select(parcels::history)
            .first(&mut conn)
            .await
            .unwrap();
        assert_eq!(history, [Status::New, Status::Sent]);
        drop(conn);
        make_anew(&store, "client3");
        conn = store.pool.for_tenant("client3").get().await.unwrap();
    }
}

#[tokio::test]
async fn idle_connections_with_types_of_before_are_well_at_their_next_use_inside_of_a_transaction_too() {
    let store = Store::with(|builder| builder.max_size(3)).await;
    make_anew(&store, "client3");
    let get = async || store.pool.for_tenant("client3").get().await.unwrap();
    let count = async |conn: &mut Checkout| {
        let count = parcels::table.filter(parcels::status.eq(Status::Sent)).count();
        conn.transaction(async |conn| count.get_result::<i64>(conn).await).await
    };
    let mut idle = [get().await, get().await, get().await];
    for conn in &mut idle {
        assert_eq!(count(conn).await, Ok(0));
    }
    drop(idle);
    make_anew(&store, "client3");
    let mut conn = get().await;
    let first = count(&mut conn).await;
    assert!(first.is_err(), "nothing has told of the new types yet: {first:?}");
    drop(conn);
    // Kept, so that it is another connection each time.
    let mut kept = Vec::new();
    for place in 0..3 {
        let mut conn = get().await;
        assert_eq!(count(&mut conn).await, Ok(0), "connection {place}");
        kept.push(conn);
    }
}
