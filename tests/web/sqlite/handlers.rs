//! What the handlers of all frameworks do.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::SeqCst},
};

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use diesel_tenants::{
    Sqlite, TenantPool,
    context::with_current_tenant,
    pool::CheckoutRequest,
    web::{Framework, Rejection, Resolver, SharedConn, TenantConn, Tenants},
};

use crate::tables::{items, users};

pub type Conn = TenantConn<Sqlite>;
pub type Shared = SharedConn<Sqlite>;

#[derive(Clone)]
pub struct Service {
    pub pool: TenantPool<Sqlite>,
    pub transactions: bool,
    /// How many requests have reached `upload` or `slow`.
    pub begun: Arc<AtomicUsize>,
}

impl Service {
    pub fn new(pool: &TenantPool<Sqlite>) -> Self {
        Self {
            pool: pool.clone(),
            transactions: false,
            begun: Arc::default(),
        }
    }

    pub fn tenants<F: Framework>(&self) -> Tenants<F, Sqlite> {
        let resolver = Resolver::subdomain("shop.example").unwrap().or(Resolver::domain());
        let tenants = Tenants::new(self.pool.clone(), resolver);
        match self.transactions {
            true => tenants.transactions(),
            false => tenants,
        }
    }
}

/// Users, whom all share, with the prices of the tenant's items.
pub async fn bill(mut conn: Conn) -> Result<String, Rejection> {
    let lines: Vec<(String, i32)> = users::table
        .inner_join(items::table.on(items::id.eq(users::id)))
        .select((users::name, items::price))
        .load(conn.get().await?)
        .await?;
    Ok(format!("{lines:?}"))
}

pub async fn shared(mut shared: Shared) -> Result<String, Rejection> {
    let users: i64 = users::table.count().get_result(shared.get().await?).await?;
    Ok(users.to_string())
}

/// A tenant's table on the shared connection.
pub async fn leak(mut shared: Shared) -> Result<String, Rejection> {
    let count: i64 = items::table.count().get_result(shared.get().await?).await?;
    Ok(count.to_string())
}

/// The price of the first item, by way of the context.
pub async fn current(pool: &TenantPool<Sqlite>) -> Result<String, Rejection> {
    price(pool.current()).await
}

async fn price(request: CheckoutRequest<'_, Sqlite>) -> Result<String, Rejection> {
    let Ok(mut conn) = request.get().await else {
        return Ok("nobody".to_owned());
    };
    let price: Option<i32> = items::table.select(items::price).first(&mut conn).await.optional()?;
    Ok(price.map_or_else(|| "nothing".to_owned(), |price| price.to_string()))
}

/// The same once the request's body is there: from a task that took the tenant along, here, to read only, and on the
/// request's connection.
pub async fn upload(mut conn: Conn, service: &Service, body: impl Future) -> Result<String, Rejection> {
    service.begun.fetch_add(1, SeqCst);
    body.await;
    let pool = service.pool.clone();
    let task = tokio::spawn(with_current_tenant(async move { current(&pool).await }));
    let task = task.await.unwrap()?;
    let here = current(&service.pool).await?;
    let to_read = price(service.pool.current().read_only()).await?;
    let own = match conn.get().await {
        Ok(conn) => items::table.select(items::price).first::<i32>(conn).await?.to_string(),
        Err(rejection) => rejection.code().to_owned(),
    };
    Ok(format!("{task}, {here}, {to_read}, {own}"))
}

/// Puts an item there.
pub async fn write(conn: &mut Conn) -> Result<(), Rejection> {
    diesel::insert_into(items::table)
        .values((items::id.eq(77), items::description.eq("written"), items::price.eq(7)))
        .execute(conn.get().await?)
        .await?;
    Ok(())
}

/// Puts an item there, and then counts for a while.
pub async fn slow(mut conn: Conn, service: &Service) -> Result<String, Rejection> {
    write(&mut conn).await?;
    service.begun.fetch_add(1, SeqCst);
    let count = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500000) SELECT max(i) FROM n";
    diesel::sql_query(count).execute(conn.get().await?).await?;
    Ok("all is well".to_owned())
}

/// The second statement fails; the handler doesn't tell.
pub async fn swallow(mut conn: Conn) -> Result<String, Rejection> {
    write(&mut conn).await?;
    let _ = write(&mut conn).await;
    Ok("all is well".to_owned())
}

/// What the first has written, the second sees.
pub async fn handed_on(mut first: Conn, mut second: Conn) -> Result<String, Rejection> {
    write(&mut first).await?;
    drop(first);
    let written = items::table.find(77).select(items::description);
    Ok(written.get_result(second.get().await?).await?)
}

/// Two at a time.
pub async fn both(mut first: Conn, mut second: Conn) -> Result<String, Rejection> {
    write(&mut first).await?;
    write(&mut second).await?;
    Ok("both".to_owned())
}

/// A handler that was written for a pool of PostgreSQL.
pub fn of_postgres(conn: Result<TenantConn, Rejection>, shared: Result<SharedConn, Rejection>) -> String {
    let [conn, shared] = [conn.map(drop), shared.map(drop)].map(|refused| refused.unwrap_err().to_string());
    assert_eq!(conn, shared);
    conn
}
