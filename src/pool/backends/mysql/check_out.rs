//! How a checkout gets its connection, and what it asks the server before it is handed out.

use std::sync::Arc;

use deadpool::managed::PoolError;
use diesel_async::AsyncMysqlConnection;

use super::{Mysql, known_databases::Found, lease::MysqlLease};
use crate::{
    TenantStatus,
    backend::mysql::{connecting::MysqlConnectError, last_insert_id, names, tenants},
    pool::{Checkout, CheckoutError, TenantPool, checkouts::ConnectionRequest, connections::free_or_awaited},
    query::Translation,
};

pub(super) async fn check_out(
    pool: &TenantPool<Mysql>,
    request: &ConnectionRequest<'_>,
    read_only: bool,
) -> Result<Checkout<Mysql>, CheckoutError> {
    check_map(pool, request)?;
    let share = pool.share_of(request.target, request.deadline).await?;
    let mut checkout = wait(pool, request, read_only).await?;
    checkout.share = share;
    let translation = match pool.mysql().known.get(request.map) {
        Some(translation) => translation,
        None => Box::pin(look_up(&mut checkout, pool, request)).await?,
    };
    if request.namespace.is_some() && request.namespace != translation.namespace() {
        return Err(request.changed());
    }
    if checkout.session.remembers_id_of_another(translation.id()) {
        let forget = async |connection: &mut AsyncMysqlConnection| last_insert_id::forget(connection).await;
        Box::pin(checkout.ask(pool, request, forget)).await?;
        checkout.session.forget_id();
    }
    checkout.set_translation(translation);
    Ok(checkout)
}

/// Refuses a map that leads to a database which can be no tenant's.
fn check_map(pool: &TenantPool<Mysql>, request: &ConnectionRequest<'_>) -> Result<(), CheckoutError> {
    let schemas = request.map.iter().map(|(_, schema)| schema);
    let mut others = schemas.filter(|schema| *schema != pool.shared_schema());
    Ok(others.try_for_each(names::check_name)?)
}

async fn wait(
    pool: &TenantPool<Mysql>,
    request: &ConnectionRequest<'_>,
    read_only: bool,
) -> Result<Checkout<Mysql>, CheckoutError> {
    let connections = match read_only {
        false => &pool.mysql().connections,
        true => &pool.mysql().readers,
    };
    let deadline = request.deadline;
    let is_full = MysqlConnectError::is_full;
    let target = || request.target.clone();
    let waits = &connections.manager().counters().waits;
    let waited = free_or_awaited(connections, pool.wait_timeout(), deadline, is_full, waits).await;
    match waited {
        Ok(object) => Ok(Checkout::of(MysqlLease::of(object))),
        Err(None) => Err(CheckoutError::ConnectionTimeout {
            target: target(),
            waited: deadline.limit(),
        }),
        Err(Some(PoolError::Timeout(_))) => Err(CheckoutError::Exhausted {
            target: target(),
            waited: pool.wait_timeout(),
            max_size: pool.status().max_size,
        }),
        Err(Some(PoolError::Backend(source))) => Err(CheckoutError::ConnectMysql {
            target: target(),
            source: Box::new(source),
        }),
        Err(Some(PoolError::Closed)) => Err(CheckoutError::Closed { target: target() }),
        Err(Some(PoolError::NoRuntimeSpecified | PoolError::PostCreateHook(_))) => {
            unreachable!("the pool is built with a runtime and without hooks")
        }
    }
}

/// Asks the server for the database behind a map, for the pool to remember.
async fn look_up(
    checkout: &mut Checkout<Mysql>,
    pool: &TenantPool<Mysql>,
    request: &ConnectionRequest<'_>,
) -> Result<Arc<Translation>, CheckoutError> {
    let known = &pool.mysql().known;
    let forgotten = known.forgotten();
    let shared = pool.shared_schema();
    // A map may lead to the shared schema.
    let Some(schema) = request.map.unqualified().filter(|schema| *schema != shared) else {
        return Ok(known.note(request.map, None, forgotten));
    };
    let question = async |connection: &mut AsyncMysqlConnection| tenants::status_of(schema, shared, connection).await;
    match checkout.ask(pool, request, question).await? {
        Some((TenantStatus::Active, number, version)) => {
            let found = Found { number, version };
            Ok(known.note(request.map, Some(found), forgotten))
        }
        Some((TenantStatus::Suspended, ..)) => Err(CheckoutError::SuspendedTenant { tenant: schema.clone() }),
        _ => Err(CheckoutError::UnknownTenant { tenant: schema.clone() }),
    }
}
