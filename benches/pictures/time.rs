//! Where the time of a request goes: of a tenant's first one on a connection, and of later ones.

use std::time::Instant;

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use diesel_tenants::{Recycling, TenantPool};

use crate::{
    bars::Chart,
    tenants::{self, median},
};

diesel::table! { table0 (id) { id -> Integer, name -> Text } }

const TENANTS: usize = 1_000;
/// The tenants' first requests that are timed.
const SAMPLES: usize = 300;
/// Tenants before them, so that the server's process is warm.
const WARM_UP: usize = 50;

pub async fn picture() -> String {
    let server = tenants::server();
    let database = tenants::database(&server, TENANTS, 5);
    let builder = TenantPool::builder(database.url())
        .max_size(1)
        .recycling(Recycling::Fast);
    let pool = builder.build().await.expect("a pool");
    let round_trip = round_trip(&pool).await;
    // First, second and third request: their checkouts, and their queries.
    let mut times = [(); 3].map(|()| (Vec::new(), Vec::new()));
    for tenant in 0..WARM_UP + SAMPLES {
        for (checkouts, queries) in &mut times {
            let (checkout, query) = request(&pool, &format!("tenant{tenant}")).await;
            if tenant >= WARM_UP {
                checkouts.push(checkout);
                queries.push(query);
            }
        }
    }
    let names = ["first request", "second request", "all further requests"];
    let bars = names.into_iter().zip(times).map(|(name, (checkouts, queries))| {
        let (checkout, query) = (median(checkouts), median(queries));
        let rest = (query - round_trip).max(0.0);
        println!("{name}: checkout {checkout:.0} µs, round trip {round_trip:.0} µs, rest of the query {rest:.0} µs");
        (name, vec![checkout, query - rest, rest])
    });
    let chart = Chart {
        title: "Where the time of a request goes: one checkout, one query",
        description: "Bars of a tenant's first, second and further requests on a connection: the checkout, a round trip \
                      to the server, and the rest of the query",
        unit: "µs",
        parts: vec![
            ("first", "checkout"),
            ("third", "a round trip"),
            ("second", "the rest of the query"),
        ],
        bars: bars.collect(),
    };
    chart.draw()
}

/// The microseconds of a checkout and of a query.
async fn request(pool: &TenantPool, tenant: &str) -> (f64, f64) {
    let begun = Instant::now();
    let mut conn = pool.for_tenant(tenant).get().await.expect("a checkout");
    let checked_out = begun.elapsed();
    let rows: Vec<(i32, String)> = table0::table
        .filter(table0::id.eq(1))
        .load(&mut conn)
        .await
        .expect("rows");
    assert!(rows.is_empty());
    let microseconds = |duration: std::time::Duration| duration.as_secs_f64() * 1e6;
    (microseconds(checked_out), microseconds(begun.elapsed() - checked_out))
}

/// The microseconds of a prepared statement that does nothing.
async fn round_trip(pool: &TenantPool) -> f64 {
    let mut conn = pool.shared().get().await.expect("a checkout");
    let mut times = Vec::new();
    for _ in 0..1_000 {
        let begun = Instant::now();
        let one = diesel::select(1.into_sql::<diesel::sql_types::Integer>());
        assert_eq!(one.get_result::<i32>(&mut conn).await, Ok(1));
        times.push(begun.elapsed().as_secs_f64() * 1e6);
    }
    median(times)
}
