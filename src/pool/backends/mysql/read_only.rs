//! Checkouts that only read, served by replicas.

use std::sync::Arc;

use super::{
    super::replica_errors::{is_behind, is_out_of_reach},
    Mysql, MysqlUrl,
    check_out::check_out as check_out_of,
};
use crate::pool::{
    Checkout, CheckoutError, TenantPool,
    checkouts::ConnectionRequest,
    routing::{Replica, Replicas},
};

/// A connection to a replica, or to the server itself.
pub(super) async fn check_out(
    pool: &TenantPool<Mysql>,
    database: Option<&Arc<str>>,
    request: &ConnectionRequest<'_>,
) -> Result<Checkout<Mysql>, CheckoutError> {
    let readers = &pool.mysql().replicas;
    let replicas = match database {
        None => Some(&readers.main),
        Some(database) => readers.further.get(&**database),
    };
    for (replicas, replica) in replicas.iter().flat_map(|replicas| replicas.in_turn()) {
        match of_replica(pool, replica, request).await {
            Ok(checkout) => {
                replica.rest.end();
                match is_current(pool, database, replicas, request, checkout.translation().namespace()).await? {
                    true => return Ok(checkout),
                    false => break,
                }
            }
            Err(error) if is_behind(&error) => {
                replica.rest.end();
                break;
            }
            Err(error) if is_out_of_reach(&error) => replica.rest.begin(),
            Err(error) => return Err(error),
        }
    }
    let own = primary(pool, database, request).await?;
    check_out_of(&own, request, true).await
}

async fn of_replica(
    pool: &TenantPool<Mysql>,
    replica: &Replica<MysqlUrl>,
    request: &ConnectionRequest<'_>,
) -> Result<Checkout<Mysql>, CheckoutError> {
    let url = async { Ok(replica.url.clone()) };
    let pools = &pool.mysql().replicas.pools;
    let opened = pools.get_at(&replica.name, url, request.deadline).await;
    let opened = opened.map_err(|source| CheckoutError::Database {
        target: request.target.clone(),
        source: Box::new(source),
    })?;
    // All connections of a replica's pool only read.
    check_out_of(&opened, request, false).await
}

/// Whether the tenant that a replica shows is the one that has the name on its server now. The registry, which is
/// replicated as well, gives each tenant that gets a name a number of its own: this one on the replica.
///
/// The server is asked if its pool doesn't remember the tenant. While it can't be asked, the replica's answer counts.
async fn is_current(
    pool: &TenantPool<Mysql>,
    database: Option<&Arc<str>>,
    replicas: &Replicas<MysqlUrl>,
    request: &ConnectionRequest<'_>,
    number: Option<u64>,
) -> Result<bool, CheckoutError> {
    if number.is_none() {
        return Ok(true);
    }
    let opened = match database {
        None => Some(pool.clone()),
        Some(database) => pool.mysql().databases.opened(database),
    };
    if let Some(known) = opened.and_then(|primary| primary.mysql().known.get(request.map)) {
        return Ok(known.namespace() == number);
    }
    if !replicas.rest.may_be_tried() {
        return Ok(true);
    }
    let asked = async {
        let primary = primary(pool, database, request).await?;
        check_out_of(&primary, request, true).await
    };
    let asked = asked.await;
    match asked {
        Err(ref error) if is_out_of_reach(error) => replicas.rest.begin(),
        _ => replicas.rest.end(),
    }
    match asked {
        Ok(own) => Ok(own.translation().namespace() == number),
        Err(error) if is_behind(&error) => Ok(false),
        Err(error) if is_out_of_reach(&error) => Ok(true),
        Err(CheckoutError::Exhausted { .. }) => Ok(true),
        Err(error) => Err(error),
    }
}

async fn primary(
    pool: &TenantPool<Mysql>,
    database: Option<&Arc<str>>,
    request: &ConnectionRequest<'_>,
) -> Result<TenantPool<Mysql>, CheckoutError> {
    match database {
        None => Ok(pool.clone()),
        Some(database) => pool.server_for(request, database).await,
    }
}
