//! Checkout and query, hot: `for_tenant` against schema names written by hand, and against `SET search_path`.
//!
//! All contenders run the same typed query with one bind, on a pool of one connection each, that tests no connection at
//! checkout. They take turns, a hundred checkouts at a time, so that a machine whose speed drifts slows them all; what
//! counts are the ratios, and their median over the rounds. `scripts/bench.sh` pins client and server to one core.

#[path = "shared/shop.rs"]
mod shop;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use diesel::{
    pg::{Pg, PgQueryBuilder},
    prelude::*,
    query_builder::{AstPass, Query, QueryBuilder, QueryFragment, QueryId},
};
use diesel_async::{
    AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection,
    pooled_connection::{AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod, deadpool::Pool},
};
use diesel_tenants::{Recycling, TenantPool};
use diesel_tenants_test_support::Server;
use shop::{orders, users};

/// What one would write without this crate: the same tables and the same query again, for each tenant.
macro_rules! by_hand {
    ($($tenant:ident)*) => {
        $(mod $tenant {
            diesel::table! {
                $tenant.orders (id) { id -> Integer, user_id -> Integer, quantity -> Integer }
            }
            diesel::joinable!(orders -> crate::users (user_id));
            use crate::users;
            diesel::allow_tables_to_appear_in_same_query!(users, orders);
        })*

        const BY_HAND: usize = [$(stringify!($tenant)),*].len();

        async fn by_hand(conn: &mut AsyncPgConnection, tenant: usize) -> QueryResult<Row> {
            let mut index = 0;
            $({
                if index == tenant {
                    return users::table
                        .inner_join($tenant::orders::table)
                        .filter($tenant::orders::id.eq(1))
                        .select((users::name, $tenant::orders::quantity))
                        .get_result(conn)
                        .await;
                }
                index += 1;
            })*
            unreachable!("tenant {index} has no tables");
        }
    };
}

by_hand! {
    tenant0 tenant1 tenant2 tenant3 tenant4 tenant5 tenant6 tenant7 tenant8 tenant9
    tenant10 tenant11 tenant12 tenant13 tenant14 tenant15 tenant16 tenant17 tenant18 tenant19
}

const CHECKOUTS_A_ROUND: usize = 100;
/// Rounds that prepare the statements, and aren't counted.
const WARM_UP: usize = 10;
const ROUNDS: usize = 100;

// The contenders.
const OURS: usize = 0;
const TEXT: usize = 1;
const TYPED: usize = 2;
const SEARCH_PATH: usize = 3;

type Row = (String, i32);

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let server = Server::start();
    let database = shop::database(&server, 500);
    for tenants in [1, 20, 500] {
        let contenders = Contenders::new(database.url(), tenants).await;
        contenders.measure().await;
    }
}

struct Contenders {
    tenants: Vec<String>,
    ours: TenantPool,
    text: Pool<AsyncPgConnection>,
    typed: Pool<AsyncPgConnection>,
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
            text: plain(),
            typed: plain(),
            search_path: plain(),
            texts,
        }
    }

    async fn measure(&self) {
        let mut times: [Vec<Duration>; 4] = Default::default();
        for round in 0..WARM_UP + ROUNDS {
            // In another order each round: whoever follows a slow one finds the processor's caches cold.
            for turn in 0..times.len() {
                let contender = (round + turn) % times.len();
                let time = match contender {
                    OURS => self.time(round, async |tenant| self.for_tenant(tenant).await).await,
                    TEXT => self.time(round, async |tenant| self.text(tenant).await).await,
                    TYPED if self.tenants.len() > BY_HAND => Duration::MAX,
                    TYPED => self.time(round, async |tenant| self.typed(tenant).await).await,
                    _ => self.time(round, async |tenant| self.search_path(tenant).await).await,
                };
                if round >= WARM_UP {
                    times[contender].push(time);
                }
            }
        }
        let ratio = |theirs: usize| {
            median(
                times[OURS]
                    .iter()
                    .zip(&times[theirs])
                    .map(|(a, b)| a.as_secs_f64() / b.as_secs_f64()),
            )
        };
        let ours = median(times[OURS].iter().map(Duration::as_secs_f64)) * 1e6 / CHECKOUTS_A_ROUND as f64;
        println!(
            "{} tenants in rotation: {ours:.1} µs for a checkout and a query",
            self.tenants.len()
        );
        if self.tenants.len() <= BY_HAND {
            println!("  for_tenant / table! with the schema's name  {:.3}", ratio(TYPED));
        }
        println!("  for_tenant / text with the schema's name    {:.3}", ratio(TEXT));
        println!(
            "  for_tenant / SET search_path                {:.3}",
            ratio(SEARCH_PATH)
        );
    }

    async fn time(&self, round: usize, run: impl AsyncFn(usize) -> Row) -> Duration {
        let first = round * CHECKOUTS_A_ROUND;
        let started = Instant::now();
        for checkout in first..first + CHECKOUTS_A_ROUND {
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

    async fn text(&self, tenant: usize) -> Row {
        let mut conn = self.text.get().await.expect("a connection");
        ByHand {
            text: Arc::clone(&self.texts[tenant]),
            query: query(1),
        }
        .get_result(&mut conn)
        .await
        .expect("a row")
    }

    async fn typed(&self, tenant: usize) -> Row {
        let mut conn = self.typed.get().await.expect("a connection");
        by_hand(&mut conn, tenant).await.expect("a row")
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

/// The typed query with a text that was written for the tenant beforehand: what it would be to have `table!` for more
/// tenants than one can compile, less the time to build the text.
struct ByHand<Q> {
    text: Arc<str>,
    query: Q,
}

impl<Q: Query> Query for ByHand<Q> {
    type SqlType = Q::SqlType;
}

impl<Q> QueryId for ByHand<Q> {
    type QueryId = ();

    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Q: QueryFragment<Pg>> QueryFragment<Pg> for ByHand<Q> {
    fn to_sql(&self, out: &mut PgQueryBuilder, _: &Pg) -> QueryResult<()> {
        out.push_sql(&self.text);
        Ok(())
    }

    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.query.walk_ast(out)
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
