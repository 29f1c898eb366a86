//! How a checkout gets a connection.

use std::sync::Arc;

use diesel::SqliteConnection;

use super::{
    Sqlite,
    idle::CheckoutFiles,
    lease::{Connection, InUse, SqliteLease},
    opening::Opening,
};
use crate::{
    AsyncSqliteConnection, TenantConnection,
    backend::sqlite::status::status_of,
    pool::{Checkout, CheckoutError, SqliteError, TenantPool, checkouts::ConnectionRequest},
    query::{Sharing, Translation},
    translate::SchemaTranslateMap,
};

pub(super) async fn check_out(
    pool: &TenantPool<Sqlite>,
    request: &ConnectionRequest<'_>,
    read_only: bool,
) -> Result<Checkout<Sqlite>, CheckoutError> {
    let opening = Opening {
        pool: pool.sqlite(),
        target: request.target,
        map: request.map,
        read_only,
    };
    let share = pool.share_of(request.target, request.deadline).await?;
    // Fewer connections are in use than there may be.
    let patience = pool.wait_timeout().min(request.deadline.left());
    let permit = pool
        .sqlite()
        .permits
        .take(request.target, patience, &pool.counters().waits)
        .await?;
    let in_use = Arc::new((permit, share));
    let (attached, known) = opening.look_for_files()?;
    let (connection, translation) = match (pool.sqlite().idle.take(&attached), known) {
        (Some(connection), Some(known)) => (connection, known),
        (idle, known) => {
            let wait = request.deadline.left();
            let opened = tokio::time::timeout(wait, Box::pin(open(opening, idle, known, &attached, &in_use))).await;
            opened.map_err(|_| CheckoutError::LookupTimeout {
                target: request.target.clone(),
                waited: wait,
            })??
        }
    };
    if request.namespace.is_some() && request.namespace != translation.namespace() {
        drop(pool.sqlite().idle.keep(attached, connection));
        return Err(request.changed());
    }
    let mut checkout = Checkout::of(SqliteLease {
        connection,
        attached,
        idle: Arc::clone(&pool.sqlite().idle),
        in_use,
    });
    checkout.set_translation(translation);
    if request.map.iter().nth(1).is_some() {
        Box::pin(attach_others(opening, &mut checkout)).await?;
    }
    Ok(checkout)
}

/// A connection with these files, and the tenant's status read from it.
async fn open(
    opening: Opening<'_>,
    idle: Option<Box<Connection>>,
    known: Option<Arc<Translation>>,
    attached: &CheckoutFiles,
    in_use: &Arc<InUse>,
) -> Result<(Box<Connection>, Arc<Translation>), CheckoutError> {
    let forgotten = opening.pool.known.forgotten();
    let tenant = attached.tenant.as_ref().map(|(tenant, _)| tenant.clone());
    let read_status = {
        let unknown = tenant.filter(|_| known.is_none());
        // Whoever gives the checkout up does not stop the thread. Until it has done, the connection counts as in use.
        let in_use = Arc::clone(in_use);
        move |connection: &mut SqliteConnection| {
            let status = unknown.map(|tenant| status_of(&tenant, connection));
            drop(in_use);
            status
        }
    };
    let (connection, status) = match idle {
        Some(mut idle) => {
            let read = idle
                .untranslated()
                .spawn_blocking(|connection| Ok(read_status(connection)));
            let status = read.await.unwrap_or_else(|error| Some(Err(error)));
            opening.must_be_current(attached)?;
            (idle, status)
        }
        None => connect(opening, attached, read_status).await?,
    };
    let translation = match known {
        Some(known) => known,
        None => opening.translation(attached, status, forgotten)?,
    };
    Ok((connection, translation))
}

/// A new connection, and what was read from its files. Fails if another file was put at the tenant's path between the
/// look and the opening.
async fn connect<R, F>(
    opening: Opening<'_>,
    attached: &CheckoutFiles,
    read: F,
) -> Result<(Box<Connection>, R), CheckoutError>
where
    R: Send + 'static,
    F: FnOnce(&mut SqliteConnection) -> R + Send + 'static,
{
    let files = opening.attachments(attached)?;
    let opened = AsyncSqliteConnection::open_with(opening.pool.busy_timeout, files, read).await;
    let (mut connection, read) = opened.map_err(|source| opening.failed(SqliteError::connect(source)))?;
    let read = read.map_err(|error| opening.not_attached(error))?;
    opening.must_be_attached(attached, |tenant| connection.identity_of(tenant))?;
    connection.set_writes_to(opening.writes_to(attached));
    connection.set_resolver(Some(opening.resolver()));
    #[cfg(feature = "testing")]
    opening.pool.test_instrumentation.apply(&mut connection);
    let connection = TenantConnection::shared(connection, SchemaTranslateMap::new(), Sharing::InTurn);
    Ok((Box::new(connection), read))
}

/// Attaches the files to which the map sends schemas by their names.
async fn attach_others(opening: Opening<'_>, checkout: &mut Checkout<Sqlite>) -> Result<(), CheckoutError> {
    for (schema, path) in opening.others()? {
        let (waiting, connection) = checkout.watched();
        let attached = connection.attach(&schema, &path, opening.access()).await;
        waiting.answered(attached.is_ok());
        attached.map_err(|error| opening.other_not_attached(error))?;
    }
    Ok(())
}
