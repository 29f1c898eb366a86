//! Checkout and query, hot: `for_tenant` against schema names written by hand, and against `SET search_path`.
//!
//! All contenders run the same typed query with one bind, on a pool of one connection each, that tests no connection at
//! checkout. They take turns, a hundred checkouts at a time, so that a machine whose speed drifts slows them all; what
//! counts are the ratios, and their median over the rounds. `scripts/bench.sh` pins client and server to one core.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use diesel::{
    pg::Pg,
    prelude::*,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    sql_types::{Integer, Text},
};
use diesel_async::{
    AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection,
    pooled_connection::{AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod, deadpool::Pool},
};
use diesel_tenants::{Recycling, TenantPool};
use diesel_tenants_test_support::Server;

diesel::table! {
    public.users (id) { id -> Integer, name -> Text }
}
diesel::table! {
    orders (id) { id -> Integer, user_id -> Integer, quantity -> Integer }
}
diesel::joinable!(orders -> users (user_id));
diesel::allow_tables_to_appear_in_same_query!(users, orders);

mod by_hand {
    diesel::table! {
        tenant0.orders (id) { id -> Integer, user_id -> Integer, quantity -> Integer }
    }
    diesel::joinable!(orders -> crate::users (user_id));
    use crate::users;
    diesel::allow_tables_to_appear_in_same_query!(users, orders);
}

const CHECKOUTS_A_ROUND: usize = 100;
const ROUNDS: usize = 60;

type Row = (String, i32);

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let server = Server::start();
    let database = server.database();
    database
        .run("CREATE TABLE public.users (id int PRIMARY KEY, name text); INSERT INTO public.users VALUES (1, 'Ada')");
    for tenant in 0..500 {
        database.run(&format!(
            "CREATE SCHEMA tenant{tenant};
             CREATE TABLE tenant{tenant}.orders (id int PRIMARY KEY, user_id int, quantity int);
             INSERT INTO tenant{tenant}.orders VALUES (1, 1, {tenant})"
        ));
    }
    for tenants in [1, 20, 500] {
        let contenders = Contenders::new(database.url(), tenants).await;
        contenders.measure().await;
    }
}

struct Contenders {
    tenants: Vec<String>,
    ours: TenantPool,
    by_hand: Pool<AsyncPgConnection>,
    by_hand_typed: Pool<AsyncPgConnection>,
    search_path: Pool<AsyncPgConnection>,
    /// The query's text for each tenant, written before the race.
    texts: Vec<Arc<str>>,
}

impl Contenders {
    async fn new(url: &str, tenants: usize) -> Self {
        let ours = TenantPool::builder(url)
            .max_size(1)
            .recycling(Recycling::Fast)
            .max_statements(10_000)
            .build()
            .await
            .expect("the server is up");
        let plain = || {
            let mut config = ManagerConfig::default();
            config.recycling_method = RecyclingMethod::Fast;
            let manager = AsyncDieselConnectionManager::new_with_config(url, config);
            Pool::builder(manager)
                .max_size(1)
                .build()
                .expect("a pool of one connection")
        };
        let names: Vec<String> = (0..tenants).map(|tenant| format!("tenant{tenant}")).collect();
        let sql = diesel::debug_query::<Pg, _>(&query(1)).to_string();
        let sql = sql.split(" -- ").next().expect("a query before the comment");
        let texts = names
            .iter()
            .map(|name| {
                sql.replace("INNER JOIN \"orders\"", &format!("INNER JOIN \"{name}\".\"orders\""))
                    .into()
            })
            .collect();
        Self {
            tenants: names,
            ours,
            by_hand: plain(),
            by_hand_typed: plain(),
            search_path: plain(),
            texts,
        }
    }

    async fn measure(&self) {
        let mut times: [Vec<Duration>; 4] = Default::default();
        // The first rounds prepare the statements.
        for round in 0..ROUNDS + 10 {
            let start = round * CHECKOUTS_A_ROUND;
            let results = [
                self.time(start, async |tenant| self.for_tenant(tenant).await).await,
                self.time(start, async |tenant| self.by_hand(tenant).await).await,
                self.time(start, async |tenant| self.by_hand_typed(tenant).await).await,
                self.time(start, async |tenant| self.search_path(tenant).await).await,
            ];
            if round >= 10 {
                times
                    .iter_mut()
                    .zip(results)
                    .for_each(|(times, result)| times.push(result));
            }
        }
        let [ours, by_hand, by_hand_typed, search_path] = &times;
        println!(
            "{} tenants in rotation, {:.1} µs for a checkout and a query",
            self.tenants.len(),
            micros(median(ours))
        );
        if self.tenants.len() == 1 {
            println!(
                "  for_tenant / table! with the schema's name  {:.3}",
                ratio(ours, by_hand_typed)
            );
        }
        println!(
            "  for_tenant / text with the schema's name    {:.3}",
            ratio(ours, by_hand)
        );
        println!(
            "  for_tenant / SET search_path                {:.3}",
            ratio(ours, search_path)
        );
    }

    async fn time(&self, start: usize, run: impl AsyncFn(usize) -> Row) -> Duration {
        let started = Instant::now();
        for checkout in start..start + CHECKOUTS_A_ROUND {
            let tenant = checkout % self.tenants.len();
            let (name, quantity) = run(tenant).await;
            assert_eq!((name.as_str(), quantity as usize), ("Ada", tenant));
        }
        started.elapsed()
    }

    async fn for_tenant(&self, tenant: usize) -> Row {
        let mut conn = self
            .ours
            .for_tenant(&self.tenants[tenant])
            .get()
            .await
            .expect("a checkout");
        query(1).get_result(&mut conn).await.expect("a row")
    }

    async fn by_hand(&self, tenant: usize) -> Row {
        let mut conn = self.by_hand.get().await.expect("a connection");
        ByHand {
            text: Arc::clone(&self.texts[tenant]),
            id: 1,
        }
        .get_result(&mut conn)
        .await
        .expect("a row")
    }

    async fn by_hand_typed(&self, tenant: usize) -> Row {
        let mut conn = self.by_hand_typed.get().await.expect("a connection");
        if tenant > 0 {
            return ("Ada".to_owned(), tenant as i32);
        }
        users::table
            .inner_join(by_hand::orders::table)
            .filter(by_hand::orders::id.eq(1))
            .select((users::name, by_hand::orders::quantity))
            .get_result(&mut conn)
            .await
            .expect("a row")
    }

    async fn search_path(&self, tenant: usize) -> Row {
        let mut conn = self.search_path.get().await.expect("a connection");
        conn.batch_execute(&format!("SET search_path = \"{}\", public", self.tenants[tenant]))
            .await
            .expect("a path");
        query(1).get_result(&mut conn).await.expect("a row")
    }
}

#[diesel::dsl::auto_type]
fn query(id: i32) -> _ {
    users::table
        .inner_join(orders::table)
        .filter(orders::id.eq(id))
        .select((users::name, orders::quantity))
}

/// A query whose text somebody wrote, cached like any other.
struct ByHand {
    text: Arc<str>,
    id: i32,
}

impl Query for ByHand {
    type SqlType = (Text, Integer);
}

impl QueryId for ByHand {
    type QueryId = ();

    const HAS_STATIC_QUERY_ID: bool = false;
}

impl QueryFragment<Pg> for ByHand {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        let (before, after) = self.text.split_once("$1").expect("one bind");
        out.push_sql(before);
        out.push_bind_param::<Integer, _>(&self.id)?;
        out.push_sql(after);
        Ok(())
    }
}

fn ratio(ours: &[Duration], theirs: &[Duration]) -> f64 {
    let mut ratios: Vec<f64> = ours
        .iter()
        .zip(theirs)
        .map(|(ours, theirs)| ours.as_secs_f64() / theirs.as_secs_f64())
        .collect();
    ratios.sort_by(f64::total_cmp);
    ratios[ratios.len() / 2]
}

fn median(times: &[Duration]) -> Duration {
    let mut times = times.to_vec();
    times.sort();
    times[times.len() / 2] / CHECKOUTS_A_ROUND as u32
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}
