//! What is left on a session without a statement that says so: the connection is closed, and the next tenant gets
//! another.

use diesel::{
    QueryableByName,
    sql_types::{BigInt, Integer},
};
use diesel_async::RunQueryDsl;
use diesel_tenants::{Recycling, TenantConnection};

use crate::store::Store;

/// One connection, which is not asked for a sign of life before it is handed out.
async fn store() -> Store {
    Store::with(|builder| builder.max_size(1).recycling(Recycling::Fast)).await
}

async fn pid(conn: &mut TenantConnection) -> i32 {
    let pid = diesel::dsl::sql::<Integer>("SELECT pg_backend_pid()");
    pid.get_result(conn).await.unwrap()
}

#[derive(QueryableByName, Debug)]
struct Number {
    #[diesel(sql_type = BigInt)]
    _number: i64,
}

#[tokio::test]
async fn a_connection_whose_rows_were_leaked_is_not_handed_out_again() {
    let store = store().await;
    let mut conn = store.pool.for_tenant("client1").get().await.unwrap();
    let before = pid(&mut conn).await;
    let series = diesel::sql_query("SELECT generate_series(1::int8, 100000) AS _number");
    std::mem::forget(series.load_stream::<Number>(&mut conn).await.unwrap());
    drop(conn);
    let mut conn = store.pool.for_tenant("client2").get().await.unwrap();
    assert_ne!(pid(&mut conn).await, before);
}
