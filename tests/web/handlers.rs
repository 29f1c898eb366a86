//! What the handlers of all frameworks do.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use diesel::{dsl::sql, prelude::*, sql_types::Integer};
use diesel_async::{AsyncConnection, RunQueryDsl, TransactionManager};
use diesel_tenants::{
    Checkout, TenantPool,
    context::with_current_tenant,
    pool::CheckoutRequest,
    web::{Framework, Rejection, Resolver, SharedConn, Tenant, TenantConn, Tenants, TrustedProxies},
};

use crate::{
    log,
    schema::{items, orders, users},
};

/// How a server of a test finds tenants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Find {
    Subdomain,
    SubdomainOrDomain,
    Header,
    HeaderOrSubdomain,
    HeaderAndSubdomain,
    SessionAndHost,
    Path,
    /// The value of a cookie, as a session's.
    Session,
}

/// A server of a test.
#[derive(Clone)]
pub struct Service {
    pub pool: TenantPool,
    pub find: Find,
    pub proxies: TrustedProxies,
    pub transactions: bool,
    pub own_rejections: bool,
    /// How many requests have reached `slow`.
    pub begun: Arc<AtomicUsize>,
    /// Status and tenant of each response.
    pub access_log: Arc<Mutex<Vec<String>>>,
}

impl Service {
    pub fn new(pool: &TenantPool, find: Find) -> Self {
        log::start();
        Self {
            pool: pool.clone(),
            find,
            proxies: TrustedProxies::default(),
            transactions: false,
            own_rejections: false,
            begun: Arc::default(),
            access_log: Arc::default(),
        }
    }

    pub fn log(&self, status: u16, tenant: Option<&Tenant>) {
        let tenant = tenant.map_or("-", |tenant| tenant.as_str());
        self.access_log.lock().unwrap().push(format!("{status} {tenant}"));
    }

    pub fn tenants<F: Framework>(
        &self,
        session: Resolver<F>,
        teapot: impl Fn(&Rejection) -> F::Response + Send + Sync + 'static,
    ) -> Tenants<F> {
        let subdomain = || Resolver::subdomain_except("Shop.Example", ["www"]).unwrap();
        let resolver = match self.find {
            Find::Subdomain => subdomain(),
            Find::SubdomainOrDomain => subdomain().or(Resolver::domain()),
            Find::Header => Resolver::header("X-Tenant"),
            Find::HeaderOrSubdomain => Resolver::header("X-Tenant").or(subdomain()),
            Find::HeaderAndSubdomain => Resolver::header("X-Tenant").and(subdomain()),
            Find::SessionAndHost => session.and(subdomain().or(Resolver::domain())),
            Find::Path => Resolver::path_segment(0),
            // And a token, which somebody else is asked for.
            Find::Session => session.or(Resolver::custom_async(|request| {
                let [token, _] = F::header_values(request, "Authorization").map(|value| value.map(<[u8]>::to_vec));
                Box::pin(async {
                    tokio::task::yield_now().await;
                    Ok(token.map(|token| String::from_utf8(token).unwrap()))
                })
            })),
        };
        let mut tenants = Tenants::new(self.pool.clone(), resolver)
            .trusted_proxies(self.proxies.clone())
            .retry_after(Duration::from_secs(7));
        if self.transactions {
            tenants = tenants.transactions();
        }
        if self.own_rejections {
            tenants = tenants.on_rejection(teapot);
        }
        tenants
    }
}

/// The tenant in a session's cookie: `session=client1`.
pub fn session(cookie: Option<&str>) -> Result<Option<String>, Rejection> {
    let Some(cookie) = cookie else { return Ok(None) };
    match cookie.strip_prefix("session=") {
        Some(tenant) => Ok(Some(tenant.to_owned())),
        None => Err(Rejection::custom(401, "no_session", "log in first")),
    }
}

/// User, item, price.
pub type Line = (String, String, i32);

pub async fn bill(mut conn: TenantConn, user: i32) -> Result<Vec<Line>, Rejection> {
    let lines = users::table
        .inner_join(orders::table.inner_join(items::table))
        .filter(users::id.eq(user))
        .select((users::name, items::description, items::price))
        .load(conn.get().await?)
        .await?;
    Ok(lines)
}

/// What the tenant has, or else what all share.
pub async fn products(conn: Option<TenantConn>, mut shared: SharedConn) -> Result<String, Rejection> {
    let count: i64 = match conn {
        Some(mut conn) => items::table.count().get_result(conn.get().await?).await?,
        None => users::table.count().get_result(shared.get().await?).await?,
    };
    Ok(count.to_string())
}

/// Holds one of each at a time.
pub async fn two(mut conn: TenantConn, mut shared: SharedConn) -> Result<String, Rejection> {
    let item: String = items::table
        .find(1)
        .select(items::description)
        .get_result(conn.get().await?)
        .await?;
    let users: i64 = users::table.count().get_result(shared.get().await?).await?;
    Ok(format!("{item}, {users} users"))
}

/// A tenant's table on the shared connection.
pub async fn leak(mut shared: SharedConn) -> Result<String, Rejection> {
    let count: i64 = items::table.count().get_result(shared.get().await?).await?;
    Ok(count.to_string())
}

/// The price of the first item, by way of the context.
pub async fn current(pool: &TenantPool) -> Result<String, Rejection> {
    price(pool.current()).await
}

async fn price(request: CheckoutRequest<'_>) -> Result<String, Rejection> {
    let Ok(mut conn) = request.get().await else {
        return Ok("nobody".to_owned());
    };
    let price: i32 = items::table.find(1).select(items::price).get_result(&mut conn).await?;
    Ok(price.to_string())
}

/// The same once the request's body is there: from a task that took the tenant along, here, to read only, and on the
/// request's connection.
pub async fn upload(mut conn: TenantConn, service: &Service, body: impl Future) -> Result<String, Rejection> {
    service.begun.fetch_add(1, Ordering::SeqCst);
    body.await;
    let pool = service.pool.clone();
    let task = with_current_tenant(async move { current(&pool).await });
    let task = tokio::spawn(task).await.unwrap()?;
    let here = current(&service.pool).await?;
    let to_read = price(service.pool.current().read_only()).await?;
    let own = match conn.get().await {
        Ok(conn) => items::table
            .find(1)
            .select(items::price)
            .get_result::<i32>(conn)
            .await?
            .to_string(),
        Err(rejection) => rejection.code().to_owned(),
    };
    Ok(format!("{task}, {here}, {to_read}, {own}"))
}

pub async fn sleep(mut conn: TenantConn, seconds: u32) -> Result<String, Rejection> {
    let one: i32 = diesel::select(sql::<Integer>(&format!("(SELECT 1 FROM pg_sleep({seconds}))")))
        .get_result(conn.get().await?)
        .await?;
    Ok(one.to_string())
}

pub async fn slow(mut conn: TenantConn, begun: &AtomicUsize) -> Result<String, Rejection> {
    begun.fetch_add(1, Ordering::SeqCst);
    let item: String = items::table
        .find(1)
        .select(items::description)
        .filter(sql::<diesel::sql_types::Bool>("EXISTS (SELECT 1 FROM pg_sleep(0.2))"))
        .get_result(conn.get().await?)
        .await?;
    tracing::info!(item, "in the handler");
    Ok(item)
}

/// Puts an item there.
pub async fn write(conn: &mut TenantConn) -> Result<(), Rejection> {
    diesel::insert_into(items::table)
        .values((items::id.eq(77), items::description.eq("written"), items::price.eq(7)))
        .execute(conn.get().await?)
        .await?;
    Ok(())
}

/// Fails half way, and doesn't tell.
pub async fn swallow(mut conn: TenantConn) -> Result<String, Rejection> {
    write(&mut conn).await?;
    let _ = write(&mut conn).await;
    Ok("all is well".to_owned())
}

/// Leaves a transaction of its own open, and says that all is well.
pub async fn nested(mut conn: TenantConn) -> Result<String, Rejection> {
    let checkout = conn.get().await?;
    <Checkout as AsyncConnection>::TransactionManager::begin_transaction(checkout).await?;
    write(&mut conn).await?;
    Ok("all is well".to_owned())
}

/// What the first has written, the second sees.
pub async fn handed_on(mut first: TenantConn, mut second: TenantConn) -> Result<String, Rejection> {
    write(&mut first).await?;
    drop(first);
    let written: String = items::table
        .find(77)
        .select(items::description)
        .get_result(second.get().await?)
        .await?;
    Ok(written)
}

/// Two at a time.
pub async fn both(mut first: TenantConn, mut second: TenantConn) -> Result<String, Rejection> {
    write(&mut first).await?;
    write(&mut second).await?;
    Ok("both".to_owned())
}
