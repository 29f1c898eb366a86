//! How a checkout gets a connection.

use std::sync::Arc;

use super::{
    Sqlite,
    idle::CheckoutFiles,
    lease::{Connection, SqliteLease},
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
    let permit = pool.sqlite().permits.take(request.target, patience).await?;
    let attached = opening.files()?;
    let identity = attached.tenant.as_ref().map(|(_, identity)| *identity);
    let known = pool.sqlite().known.get(request.map, identity);
    let (connection, translation) = match (pool.sqlite().idle.take(&attached), known) {
        (Some(connection), Some(known)) => (connection, known),
        (idle, known) => {
            let wait = request.deadline.left();
            let opened = tokio::time::timeout(wait, Box::pin(open(opening, idle, known, &attached))).await;
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
        permit,
        share,
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
) -> Result<(Box<Connection>, Arc<Translation>), CheckoutError> {
    let mut connection = match idle {
        Some(idle) => idle,
        None => Box::new(connect(opening, attached).await?),
    };
    let translation = match known {
        Some(known) => known,
        None => {
            let forgotten = opening.pool.known.forgotten();
            let status = match attached.tenant.clone() {
                Some((tenant, _)) => {
                    let read = connection.untranslated().spawn_blocking(move |c| status_of(&tenant, c));
                    Some(read.await)
                }
                None => None,
            };
            opening.translation(attached, status, forgotten)?
        }
    };
    opening.must_be_current(attached)?;
    Ok((connection, translation))
}

async fn connect(opening: Opening<'_>, attached: &CheckoutFiles) -> Result<Connection, CheckoutError> {
    let opened = AsyncSqliteConnection::open(opening.pool.busy_timeout).await;
    let mut connection = opened.map_err(|source| opening.failed(SqliteError::connect(source)))?;
    for (schema, path) in opening.attachments(attached)? {
        let attached = connection.attach(&schema, &path, opening.access());
        attached.await.map_err(|error| opening.not_attached(error))?;
    }
    connection.set_writes_to(opening.writes_to(attached));
    connection.set_resolver(Some(opening.resolver()));
    #[cfg(feature = "testing")]
    opening.pool.instrument.apply(&mut connection);
    Ok(TenantConnection::shared(
        connection,
        SchemaTranslateMap::new(),
        Sharing::InTurn,
    ))
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
