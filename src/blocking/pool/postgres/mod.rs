//! PostgreSQL under a pool without async: connections of Diesel over r2d2.

mod manager;
mod same_database;

use std::{
    ops::{Deref, DerefMut},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    thread,
    time::{Duration, Instant},
};

use diesel::{
    connection::LoadConnection,
    pg::Pg,
    r2d2::{self, NopErrorHandler, PooledConnection, R2D2Connection},
};
use tokio::sync::OwnedSemaphorePermit;

use self::manager::Manager;
use super::{
    Backend, BuildError, TenantPool, TenantPoolBuilder, background::Background, builder::IN_BACKGROUND,
    request::ConnectionRequest,
};
use crate::{
    CheckoutError, Placement, Postgres, SchemaTranslateMap, TenantConnection,
    backend::postgres::ConnectError,
    pool::{Deadline, PoolStatus, Target, WaitingCheckout},
    query::Translation,
    signals::DurationCounts,
    tenancy::Tables,
};

/// The connections of a pool.
pub struct Connections<C>
where
    C: R2D2Connection + LoadConnection<Backend = Pg> + 'static,
{
    connections: r2d2::Pool<Manager<C>>,
    /// How many checkouts are waiting.
    waiting: AtomicUsize,
}

/// A connection that was taken from the pool.
pub struct Lease<C>
where
    C: R2D2Connection + LoadConnection<Backend = Pg> + 'static,
{
    // Dropped before the share, so that whoever waits for the share finds the connection.
    slot: PooledConnection<Manager<C>>,
    /// The tenant's permit for this connection, if `max_per_tenant` is set.
    _share: Option<OwnedSemaphorePermit>,
}

/// Any connection of Diesel to PostgreSQL.
#[expect(private_interfaces, reason = "only this crate implements and calls these methods")]
impl<C> Backend for C
where
    C: R2D2Connection + LoadConnection<Backend = Pg> + 'static,
{
    type Connection = C;
    type Database = Postgres;
    type Address = String;
    type Options = crate::TenantPoolBuilder;
    type Pool = Connections<C>;
    type Lease = Lease<C>;

    fn options(address: &String) -> crate::TenantPoolBuilder {
        crate::TenantPoolBuilder::new(address.clone()).max_size(IN_BACKGROUND)
    }

    fn with_wait_timeout(options: crate::TenantPoolBuilder, wait_timeout: Duration) -> crate::TenantPoolBuilder {
        options.wait_timeout(wait_timeout)
    }

    fn build(
        builder: TenantPoolBuilder<C>,
        background: &Background,
    ) -> Result<(Connections<C>, crate::TenantPool), BuildError> {
        let TenantPoolBuilder {
            address: url,
            max_size,
            options,
        } = builder;
        let tenants = options.runtime(background.runtime().clone());
        let tenants = background.run(tenants.build())?;
        if tenants.0.options.test_transaction {
            return Err(BuildError::TestTransaction);
        }
        if tenants.connector().may_be_pooled() {
            return Err(BuildError::Pooler);
        }
        let options = &tenants.0.options;
        let connections = r2d2::Pool::builder()
            .max_size(max_size)
            // r2d2 replaces a closed connection only to keep `min_idle`. With 0, a caller that waits would not get a
            // new one.
            .min_idle(Some(1))
            .max_lifetime(Some(options.max_lifetime.max(SHORTEST)))
            .connection_timeout(options.wait_timeout().max(SHORTEST))
            // Not logged: `Retired` is not an error, and the waiting caller gets a failed connect.
            .error_handler(Box::new(NopErrorHandler))
            .build_unchecked(Manager::new(url, tenants.clone()));
        let connections = Connections {
            connections,
            waiting: AtomicUsize::new(0),
        };
        Ok((connections, tenants))
    }

    fn verify(pool: &TenantPool<C>) -> Result<(), BuildError> {
        pool.refuse_another_database()
    }

    fn must_reach(target: &Target, placement: &Placement) -> Result<(), CheckoutError> {
        match (&placement.database, &placement.tables) {
            (None, Tables::Schema(_)) => Ok(()),
            (Some(_), Tables::Schema(_)) | (_, Tables::Rows(_)) => Err(CheckoutError::NeedsAsync {
                target: target.clone(),
                placement: Box::new(placement.clone()),
            }),
        }
    }

    fn check_out(pool: &TenantPool<C>, wish: &ConnectionRequest<'_>) -> Result<Lease<C>, CheckoutError> {
        let ConnectionRequest {
            target, map, deadline, ..
        } = *wish;
        let schemas = pool.as_async().schemas();
        if schemas.is_missing(map)
            && let Some(schema) = map.unqualified()
        {
            return Err(CheckoutError::UnknownTenant { tenant: schema.clone() });
        }
        let share = pool.take_share(target, deadline)?;
        loop {
            let mut slot = slot(pool, target, deadline)?;
            let translation = translation(pool, map)?;
            // Only now is it known whether types changed.
            if schemas.outdate(slot.opened()) {
                slot.retire();
                continue;
            }
            let mut lease = Lease { slot, _share: share };
            lease.set_translation(translation);
            return Ok(lease);
        }
    }

    fn status(pool: &TenantPool<C>) -> PoolStatus {
        let Connections { connections, waiting } = &pool.0.connections;
        let r2d2::State {
            connections: size,
            idle_connections,
            ..
        } = connections.state();
        PoolStatus {
            max_size: connections.max_size() as usize,
            size: size as usize,
            available: idle_connections as usize,
            waiting: waiting.load(Relaxed),
        }
    }

    // r2d2 does it when its last handle is dropped.
    fn close(_: &Connections<C>) {}
}

/// r2d2 refuses times of zero.
const SHORTEST: Duration = Duration::from_millis(1);

impl<C> TenantPoolBuilder<C>
where
    C: R2D2Connection + LoadConnection<Backend = Pg> + 'static,
{
    /// Where `C` connects to, if its driver needs another URL than the library's own: libpq knows parameters that
    /// [`tokio_postgres::Config`] refuses, such as `sslrootcert`. It must lead to the same database.
    pub fn connection_url(self, url: impl Into<String>) -> Self {
        Self {
            address: url.into(),
            ..self
        }
    }
}

/// The translation of a map. Unless its schema was seen lately, the catalog is asked.
fn translation<C>(pool: &TenantPool<C>, map: &SchemaTranslateMap) -> Result<Arc<Translation>, CheckoutError>
where
    C: R2D2Connection + LoadConnection<Backend = Pg> + 'static,
{
    if let Some(translation) = pool.as_async().schemas().get(map, Instant::now()) {
        return Ok(translation);
    }
    let map = map.clone();
    pool.run(|pool| async move {
        let checkout = pool.with_map(map).get().await?;
        Ok(Arc::clone(checkout.translation()))
    })
}

/// A connection for pinned tables only, which every connection in the pool is until it gets a map.
fn slot<C>(
    pool: &TenantPool<C>,
    target: &Target,
    deadline: Deadline,
) -> Result<PooledConnection<Manager<C>>, CheckoutError>
where
    C: R2D2Connection + LoadConnection<Backend = Pg> + 'static,
{
    let waits = &pool.as_async().counters().waits;
    loop {
        let left = deadline.left();
        let Some(mut slot) = pool.0.connections.free_or_awaited(left, waits) else {
            let target = target.clone();
            let waited = deadline.limit();
            let PoolStatus { max_size, size, .. } = pool.status();
            return Err(match size < max_size {
                true => CheckoutError::ConnectionTimeout { target, waited },
                false => CheckoutError::Exhausted {
                    target,
                    waited,
                    max_size,
                },
            });
        };
        match slot.take_error() {
            None => return Ok(slot),
            // The pool may be larger than what the server has room for. A connection may come back, or the server
            // may get room.
            Some(error) if is_full(&error) && left > PAUSE => {
                drop(slot);
                thread::sleep(PAUSE);
            }
            Some(source) => {
                return Err(CheckoutError::Connect {
                    target: target.clone(),
                    source,
                });
            }
        }
    }
}

impl<C> Connections<C>
where
    C: R2D2Connection + LoadConnection<Backend = Pg> + 'static,
{
    fn free_or_awaited(&self, left: Duration, waits: &DurationCounts) -> Option<PooledConnection<Manager<C>>> {
        self.connections.try_get().or_else(|| {
            let _waiting = (WaitingCheckout::begin(&self.waiting), waits.time());
            self.connections.get_timeout(left.min(LONGEST)).ok()
        })
    }
}

/// A time after which r2d2 can still say when it is over: a hundred years.
const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// How long a checkout waits until it tries again to connect to a server that has no room.
const PAUSE: Duration = Duration::from_millis(50);

/// Whether the server has no room for one more connection. Drivers tell only the server's message.
fn is_full(error: &ConnectError) -> bool {
    let ConnectError::Setup { source, .. } = error else {
        return false;
    };
    let message = source.to_string();
    message.contains("too many c") || message.contains("remaining connection slots")
}

const HAS_ONE: &str = "only a slot with a connection is handed out";

impl<C> Deref for Lease<C>
where
    C: R2D2Connection + LoadConnection<Backend = Pg> + 'static,
{
    type Target = TenantConnection<C>;

    fn deref(&self) -> &TenantConnection<C> {
        self.slot.connection().expect(HAS_ONE)
    }
}

impl<C> DerefMut for Lease<C>
where
    C: R2D2Connection + LoadConnection<Backend = Pg> + 'static,
{
    fn deref_mut(&mut self) -> &mut TenantConnection<C> {
        self.slot.connection_mut().expect(HAS_ONE)
    }
}
