//! The ways to run a tenant's statement, each with connections of its own.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use deadpool::managed::{Manager, Metrics, Object, Pool, QueueMode, RecycleResult};
use diesel::{ConnectionError, QueryResult};
use diesel_async::{
    AsyncConnection, AsyncPgConnection, SimpleAsyncConnection,
    pooled_connection::{AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod, deadpool as diesel_deadpool},
};
use diesel_tenants::{
    Checkout, Recycling, SchemaName, SchemaTranslateMap, TenantConnection, TenantPool, TenantPoolBuilder,
};

use crate::{
    load::Request,
    statements::{by_hand, unqualified},
};

/// The connections of each contender's pool.
pub const CONNECTIONS: usize = 4;

/// What the server calls the sessions of our contender, and of the wrapper around `AsyncPgConnection`.
pub const OURS: &str = "ours";
pub const WRAPPED: &str = "wrapped";

/// Long enough for a pool that listens to have read which tenants there are.
const LISTED: Duration = Duration::from_secs(2);

/// One way to run a tenant's statement.
pub trait Contender {
    type Connection;

    /// Checks out a connection, and runs the statement. Returns what the statement says its tenant is, and the
    /// connection, for the caller to give back.
    async fn request(&self, request: Request) -> QueryResult<(i32, Self::Connection)>;

    /// The seconds that the requests take, one after the other.
    async fn time(&self, requests: &[Request]) -> f64 {
        let started = Instant::now();
        let mut held = VecDeque::with_capacity(CONNECTIONS);
        for request in requests {
            while held.len() > request.held {
                held.pop_front();
            }
            let (tenant, connection) = self.request(*request).await.expect("a row");
            assert_eq!(tenant as usize, request.tenant, "the row belongs to another tenant");
            held.push_back(connection);
        }
        drop(held);
        started.elapsed().as_secs_f64()
    }
}

pub fn names(tenants: usize) -> Vec<String> {
    (0..tenants).map(|tenant| format!("tenant{tenant}")).collect()
}

fn builder(url: &str) -> TenantPoolBuilder {
    TenantPool::builder(url)
        .max_size(CONNECTIONS)
        .recycling(Recycling::Fast)
}

/// `pool.for_tenant(name).get()`.
pub struct Ours {
    pub pool: TenantPool,
    names: Vec<String>,
}

impl Ours {
    pub async fn new(url: &str, tenants: usize) -> Self {
        Self::of(builder(&format!("{url}?application_name={OURS}")), tenants).await
    }

    /// A pool that is told of what is done to tenants. It has looked them up already.
    pub async fn listening(url: &str, tenants: usize) -> Self {
        let ours = Self::of(builder(url).listen(), tenants).await;
        tokio::time::sleep(LISTED).await;
        ours
    }

    async fn of(builder: TenantPoolBuilder, tenants: usize) -> Self {
        Self {
            pool: builder.build().await.expect("the server is up"),
            names: names(tenants),
        }
    }
}

impl Contender for Ours {
    type Connection = Checkout;

    async fn request(&self, request: Request) -> QueryResult<(i32, Checkout)> {
        let checkout = self.pool.for_tenant(&self.names[request.tenant]).get();
        let mut conn = checkout.await.expect("a checkout");
        let tenant = unqualified::run(&mut conn, request.statement).await?;
        Ok((tenant, conn))
    }
}

type DieselPool = diesel_deadpool::Pool<AsyncPgConnection>;

fn diesel_pool(url: &str) -> DieselPool {
    let mut config = ManagerConfig::default();
    config.recycling_method = RecyclingMethod::Fast;
    let manager = AsyncDieselConnectionManager::new_with_config(url, config);
    Pool::builder(manager)
        .max_size(CONNECTIONS)
        .queue_mode(QueueMode::Lifo)
        .build()
        .expect("a pool without timeouts")
}

/// `SET search_path` at each checkout, unqualified tables, and diesel-async's cache of statements.
pub struct SearchPath {
    pool: DieselPool,
    names: Vec<String>,
}

impl SearchPath {
    pub fn new(url: &str, tenants: usize) -> Self {
        Self {
            pool: diesel_pool(url),
            names: names(tenants),
        }
    }
}

impl Contender for SearchPath {
    type Connection = diesel_deadpool::Object<AsyncPgConnection>;

    async fn request(&self, request: Request) -> QueryResult<(i32, Self::Connection)> {
        let mut conn = self.pool.get().await.expect("a connection");
        let name = &self.names[request.tenant];
        conn.batch_execute(&format!("SET search_path TO \"{name}\"")).await?;
        let tenant = unqualified::run(&mut conn, request.statement).await?;
        Ok((tenant, conn))
    }
}

/// Tables declared again with each tenant's schema, for the tenants for which they were.
pub struct ByHand {
    pool: DieselPool,
}

impl ByHand {
    pub fn new(url: &str) -> Self {
        Self { pool: diesel_pool(url) }
    }
}

impl Contender for ByHand {
    type Connection = diesel_deadpool::Object<AsyncPgConnection>;

    async fn request(&self, request: Request) -> QueryResult<(i32, Self::Connection)> {
        let mut conn = self.pool.get().await.expect("a connection");
        let tenant = by_hand(&mut conn, request.tenant, request.statement).await?;
        Ok((tenant, conn))
    }
}

/// An `AsyncPgConnection` in a `TenantConnection`, which is made at each checkout. Nothing bounds its statements, and
/// nobody asks whether the tenant exists.
pub struct Wrapped {
    pool: Pool<Plain>,
    maps: Vec<SchemaTranslateMap>,
}

impl Wrapped {
    pub fn new(url: &str, tenants: usize) -> Self {
        let manager = Plain {
            url: format!("{url}?application_name={WRAPPED}"),
        };
        let map = |name: String| SchemaTranslateMap::tenant(SchemaName::new(&name).expect("a name"));
        Self {
            pool: Pool::builder(manager)
                .max_size(CONNECTIONS)
                .queue_mode(QueueMode::Lifo)
                .build()
                .expect("a pool without timeouts"),
            maps: names(tenants).into_iter().map(map).collect(),
        }
    }
}

impl Contender for Wrapped {
    type Connection = Object<Plain>;

    async fn request(&self, request: Request) -> QueryResult<(i32, Self::Connection)> {
        let mut place = self.pool.get().await.expect("a connection");
        let conn = place.take().expect("every request puts its connection back");
        let mut conn = TenantConnection::new(conn, self.maps[request.tenant].clone());
        let tenant = unqualified::run(&mut conn, request.statement).await?;
        *place = Some(conn.into_inner());
        Ok((tenant, place))
    }
}

/// Connections that can be taken out of their pool's object, to be wrapped.
pub struct Plain {
    url: String,
}

impl Manager for Plain {
    type Error = ConnectionError;
    type Type = Option<AsyncPgConnection>;

    async fn create(&self) -> Result<Self::Type, ConnectionError> {
        AsyncPgConnection::establish(&self.url).await.map(Some)
    }

    async fn recycle(&self, _: &mut Self::Type, _: &Metrics) -> RecycleResult<ConnectionError> {
        Ok(())
    }
}
