//! What a tenant's first checkout costs, and the first run of a statement.

use std::time::{Duration, Instant};

use diesel::{pg::Pg, prelude::*};
use diesel_async::RunQueryDsl;
use diesel_tenants::{Recycling, TenantPool};
use diesel_tenants_test_support::{Database, Server};
use tokio_postgres::{Client, NoTls, types::Type};

use crate::{
    proxy::Proxy,
    report::{Report, median},
    statements::{Literal, unqualified::orders, users},
    tenants,
};

/// Tenants that the connections know before anything is timed.
const KNOWN: usize = 20;
/// How often each time is taken, each on a tenant of its own.
const SAMPLES: usize = 150;
/// Tenants behind the proxy.
const COUNTED: usize = 5;

/// Among few other tenants and among many, in turn, so that a machine whose speed drifts slows both.
pub async fn measure(server: &Server, others: usize, report: &mut Report) {
    let [few, many] = [0, others].map(|others| {
        let database = tenants::database(server, KNOWN + 2 * SAMPLES + COUNTED);
        tenants::add_others(&database, others);
        database
    });
    let mut sides = [Sides::open(&few).await, Sides::open(&many).await];
    for sample in 0..SAMPLES {
        for turn in 0..2 {
            sides[(sample + turn) % 2].take(sample).await;
        }
    }
    let [few_times, many_times] = sides.map(|sides| sides.times);
    let ratios = few_times.first_checkout.iter().zip(&many_times.first_checkout);
    let ratio = median(ratios.map(|(few, many)| many / few).collect());
    few_times.print(0, report);
    many_times.print(others, report);
    let name = format!("first checkout among {others} others / among none");
    println!("{name:<62} {}", report.ratio(name.clone(), ratio, Some(1.2)));
    count_round_trips(server, &few).await;
}

#[diesel::dsl::auto_type]
fn query() -> _ {
    users::table
        .inner_join(orders::table)
        .filter(orders::id.eq(1_i32))
        .select((users::name, orders::tenant, orders::quantity + Literal::<0>))
}

/// The text that `query` has for a tenant.
fn text(tenant: usize) -> String {
    let sql = diesel::debug_query::<Pg, _>(&query()).to_string();
    let sql = sql.split(" -- ").next().expect("a query before the comment");
    sql.replace(
        "INNER JOIN \"orders\"",
        &format!("INNER JOIN \"tenant{tenant}\".\"orders\""),
    )
}

async fn pool(url: &str) -> TenantPool {
    // With so small a cache, no tenants are looked up in advance.
    let pool = TenantPool::builder(url)
        .max_size(1)
        .recycling(Recycling::Fast)
        .schema_cache(500, Duration::from_secs(60));
    pool.build().await.expect("the server is up")
}

/// Our pool and a bare client, and what they took.
struct Sides {
    pool: TenantPool,
    bare: Client,
    times: Times,
}

impl Sides {
    async fn open(database: &Database) -> Self {
        let (bare, connection) = tokio_postgres::connect(database.url(), NoTls).await.expect("a session");
        tokio::spawn(connection);
        let mut sides = Self {
            pool: pool(database.url()).await,
            bare,
            times: Times::default(),
        };
        for tenant in 0..KNOWN {
            sides.times.ours(&sides.pool, tenant).await;
            sides.times.bare(&sides.bare, tenant).await;
        }
        sides.times = Times::default();
        sides
    }

    async fn take(&mut self, sample: usize) {
        let Self { pool, bare, times } = self;
        let tenant = KNOWN + 2 * sample;
        // Two samples in a row begin with the same one, since the databases take turns as well.
        if (sample / 2).is_multiple_of(2) {
            times.ours(pool, tenant).await;
            times.bare(bare, tenant + 1).await;
        } else {
            times.bare(bare, tenant + 1).await;
            times.ours(pool, tenant).await;
        }
    }
}

#[derive(Default)]
struct Times {
    first_checkout: Vec<f64>,
    first_run: Vec<f64>,
    both: Vec<f64>,
    second_run: Vec<f64>,
    hot: Vec<f64>,
    bare: Vec<f64>,
    bare_again: Vec<f64>,
}

impl Times {
    async fn ours(&mut self, pool: &TenantPool, tenant: usize) {
        let name = format!("tenant{tenant}");
        let started = Instant::now();
        let mut conn = pool.for_tenant(&name).get().await.expect("a checkout");
        let checked_out = started.elapsed();
        let mut run = async || {
            let row: QueryResult<(String, i32, i32)> = query().get_result(&mut conn).await;
            assert_eq!(row.expect("a row").1 as usize, tenant);
        };
        run().await;
        let first = started.elapsed();
        run().await;
        let second = started.elapsed();
        drop(conn);
        for (times, time) in [
            (&mut self.first_checkout, checked_out),
            (&mut self.first_run, first - checked_out),
            (&mut self.both, first),
            (&mut self.second_run, second - first),
        ] {
            times.push(time.as_secs_f64());
        }
        // The first one after other work finds cold caches.
        for _ in 0..2 {
            hot(pool).await;
        }
        let started = Instant::now();
        hot(pool).await;
        self.hot.push(started.elapsed().as_secs_f64());
    }

    async fn bare(&mut self, client: &Client, tenant: usize) {
        let text = text(tenant);
        for times in [&mut self.bare, &mut self.bare_again] {
            let started = Instant::now();
            let rows = client.query_typed(&text, &[(&1, Type::INT4)]).await.expect("a row");
            times.push(started.elapsed().as_secs_f64());
            assert_eq!(rows[0].get::<_, i32>(1) as usize, tenant);
        }
    }

    fn print(self, others: usize, report: &mut Report) {
        let [first_checkout, first_run, both, second_run, hot, bare, bare_again] = [
            self.first_checkout,
            self.first_run,
            self.both,
            self.second_run,
            self.hot,
            self.bare,
            self.bare_again,
        ]
        .map(median);
        println!(
            "first, {others} others: checkout {:.0} µs, first run {:.0}, both {:.0}, second run {:.0}; \
             a hot checkout and query {:.0}; bare query_typed {:.0}, again {:.0}",
            first_checkout * 1e6,
            first_run * 1e6,
            both * 1e6,
            second_run * 1e6,
            hot * 1e6,
            bare * 1e6,
            bare_again * 1e6
        );
        let mut ratio = |name: &str, value, bound| {
            let name = format!("first, {others} others: {name}");
            println!("{name:<62} {}", report.ratio(name.clone(), value, bound));
        };
        ratio("first run / query_typed", first_run / bare, Some(1.02));
        ratio("checkout / a hot checkout and query", first_checkout / hot, Some(3.0));
        ratio("checkout and first run / query_typed", both / bare, None);
    }
}

async fn hot(pool: &TenantPool) {
    let mut conn = pool.for_tenant("tenant0").get().await.expect("a checkout");
    let row: QueryResult<(String, i32, i32)> = query().get_result(&mut conn).await;
    assert_eq!(row.expect("a row").1, 0);
}

/// Prints the largest numbers of some tenants: they don't depend on time.
async fn count_round_trips(server: &Server, database: &Database) {
    let proxy = Proxy::start(server.port(), Duration::ZERO);
    let pool = pool(&proxy.url(database.url(), server.port())).await;
    for tenant in 0..KNOWN {
        let mut conn = pool
            .for_tenant(format!("tenant{tenant}"))
            .get()
            .await
            .expect("a checkout");
        let _: (String, i32, i32) = query().get_result(&mut conn).await.expect("a row");
    }
    let mut most = [0; 4];
    for tenant in KNOWN + 2 * SAMPLES..KNOWN + 2 * SAMPLES + COUNTED {
        let mut counts = vec![proxy.round_trips()];
        let mut conn = pool
            .for_tenant(format!("tenant{tenant}"))
            .get()
            .await
            .expect("a checkout");
        counts.push(proxy.round_trips());
        for _ in 0..2 {
            let _: (String, i32, i32) = query().get_result(&mut conn).await.expect("a row");
            counts.push(proxy.round_trips());
        }
        drop(conn);
        hot(&pool).await;
        counts.push(proxy.round_trips());
        for (most, pair) in most.iter_mut().zip(counts.windows(2)) {
            *most = (*most).max(pair[1] - pair[0]);
        }
    }
    let [checkout, first_run, second_run, hot] = most;
    println!(
        "first, round trips: checkout {checkout} (bound 1), first run {first_run}, second run {second_run}, \
         hot checkout and query {hot}"
    );
}
