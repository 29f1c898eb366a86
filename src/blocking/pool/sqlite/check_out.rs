//! How a checkout gets a connection; with async, `pool/backends/sqlite/check_out.rs`.

use std::sync::Arc;

use super::{Connections, Lease, lease::Connection};
use crate::{
    CheckoutError, Sqlite, TenantConnection,
    backend::sqlite::{connection::SqliteFilesConnection, status::status_of},
    blocking::pool::{TenantPool, request::ConnectionRequest},
    pool::{
        SqliteError,
        backends::sqlite::{CheckoutFiles, Opening},
    },
    query::{Sharing, Translation},
    translate::SchemaTranslateMap,
};

pub(super) fn check_out(pool: &TenantPool<Sqlite>, wish: &ConnectionRequest<'_>) -> Result<Lease, CheckoutError> {
    let ConnectionRequest {
        target,
        map,
        read_only,
        deadline,
    } = *wish;
    let opening = Opening {
        pool: pool.as_async().sqlite(),
        target,
        map,
        read_only,
    };
    let Connections { idle, permits } = &pool.0.connections;
    opening.pool.permits.must_be_open(target)?;
    let share = pool.take_share(target, deadline)?;
    let permit = match permits.try_take(target)? {
        Some(permit) => permit,
        None => {
            let (permits, target) = (Arc::clone(permits), target.clone());
            let patience = deadline.left();
            pool.run(move |pool| async move { permits.take(&target, patience, &pool.counters().waits).await })?
        }
    };
    let (attached, known) = opening.look_for_files()?;
    let (connection, translation) = match (idle.take(&attached), known) {
        (Some(connection), Some(known)) => (connection, known),
        (connection, known) => open(opening, connection, known, &attached)?,
    };
    let mut lease = Lease::new(connection, attached, Arc::clone(idle), permit, share);
    lease.set_translation(translation);
    if map.iter().nth(1).is_some() {
        for (schema, path) in opening.others()? {
            let attached = lease.untranslated().attach(&schema, &path, opening.access());
            attached.map_err(|error| opening.other_not_attached(error))?;
        }
    }
    Ok(lease)
}

/// A connection with these files, and the tenant's status read from it.
fn open(
    opening: Opening<'_>,
    idle: Option<Box<Connection>>,
    known: Option<Arc<Translation>>,
    attached: &CheckoutFiles,
) -> Result<(Box<Connection>, Arc<Translation>), CheckoutError> {
    let mut connection = match idle {
        Some(idle) => {
            opening.must_be_current(attached)?;
            idle
        }
        None => Box::new(connect(opening, attached)?),
    };
    let translation = match known {
        Some(known) => known,
        None => {
            let forgotten = opening.pool.known.forgotten();
            let tenant = attached.tenant.as_ref();
            let status = tenant.map(|(tenant, _)| status_of(tenant, connection.untranslated().diesel()));
            opening.translation(attached, status, forgotten)?
        }
    };
    Ok((connection, translation))
}

fn connect(opening: Opening<'_>, attached: &CheckoutFiles) -> Result<Connection, CheckoutError> {
    let opened = SqliteFilesConnection::open(opening.pool.busy_timeout);
    let mut connection = opened.map_err(|source| opening.failed(SqliteError::connect(source)))?;
    for file in opening.attachments(attached)? {
        let attached = connection.attach_file(file);
        attached.map_err(|error| opening.not_attached(error))?;
    }
    opening.must_be_attached(attached, |tenant| connection.identity_of(tenant))?;
    connection.set_writes_to(opening.writes_to(attached));
    connection.set_resolver(Some(opening.resolver()));
    Ok(TenantConnection::shared(
        connection,
        SchemaTranslateMap::new(),
        Sharing::InTurn,
    ))
}
