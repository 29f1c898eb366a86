//! Prepared statements are bounded, and closed on the server.

use diesel::{mysql::Mysql, prelude::*, sql_types};
use diesel_async::RunQueryDsl;

use crate::{
    store::{Store, prices},
    tables::items,
};

#[derive(QueryableByName)]
struct Status {
    #[diesel(sql_type = sql_types::Text, column_name = Value)]
    value: String,
}

/// How many statements this session has prepared, by the server.
async fn prepared(conn: &mut impl diesel_async::AsyncConnection<Backend = Mysql>) -> (u64, u64) {
    let mut figures = Vec::new();
    for name in ["Com_stmt_prepare", "Com_stmt_close"] {
        let found: Status = diesel::sql_query(format!("SHOW SESSION STATUS LIKE '{name}'"))
            .get_result(conn)
            .await
            .unwrap();
        figures.push(found.value.parse().unwrap());
    }
    (figures[0], figures[1])
}

/// A query whose text is that of this number alone.
pub fn with_conditions(number: usize) -> items::BoxedQuery<'static, Mysql, sql_types::Integer> {
    let query = items::table.select(items::price).into_boxed();
    (0..number).fold(query, |query, _| query.or_filter(items::price.gt(0)))
}

#[tokio::test]
async fn a_connection_keeps_a_bounded_number_of_statements_and_the_server_closes_the_others() {
    const KEPT: usize = 8;
    let store = Store::with(|builder| builder.max_size(1).max_statements(KEPT)).await;
    let mut conn = store.pool.for_tenant(&store.first).get().await.unwrap();
    for number in 0..50 {
        let found: Vec<i32> = with_conditions(number).load(&mut conn).await.unwrap();
        assert_eq!(found, [5000]);
    }
    let (opened, closed) = prepared(&mut *conn).await;
    let kept = usize::try_from(opened - closed).unwrap();
    // Besides those that are kept, the last one stays until the next one comes, and some are from connecting.
    assert!(kept <= KEPT + 6, "{kept} statements are open");
    let typed = || items::table.select(items::price);
    assert_eq!(typed().load::<i32>(&mut conn).await, Ok(vec![5000]));
    drop(conn);
    // A connection that has reached the limit is replaced.
    assert_eq!(prices(&store.pool, &store.second).await, [1000]);
    let mut conn = store.pool.for_tenant(&store.first).get().await.unwrap();
    let (opened, _) = prepared(&mut *conn).await;
    assert!(opened < 20, "it is a new connection: {opened}");
    // What is kept is prepared once.
    for _ in 0..10 {
        assert_eq!(typed().load::<i32>(&mut conn).await, Ok(vec![5000]));
    }
    let (then, _) = prepared(&mut *conn).await;
    assert!(then - opened <= 4, "{opened} and then {then}");
}
