//! Which connections r2d2 keeps: `is_valid` before one is handed out, `has_broken` when it comes back. A lost one is
//! closed then, and never replaced under a checkout.

use std::{
    thread,
    time::{Duration, Instant},
};

use diesel::{
    ConnectionError, QueryResult,
    connection::LoadConnection,
    pg::Pg,
    r2d2::{ManageConnection, R2D2Connection},
};

use super::super::{background::without_panic, retired::why_retired};
use crate::{
    SchemaTranslateMap, TenantConnection, TenantPool,
    backend::postgres::ConnectError,
    blocking::connection::is_async_inside,
    pool::Limits,
    query::{Sharing, Translation},
    signals::Retirement,
};

/// Opens connections for the pool, and decides which of them are kept.
pub(super) struct Manager<C> {
    url: String,
    /// The async pool, whose connector knows how sessions must be, and whose caches know when types changed.
    tenants: TenantPool,
    limits: Limits,
    connection: std::marker::PhantomData<fn() -> C>,
}

/// A connection of the pool, or why there is none.
///
/// r2d2 tries again and again to connect, until the caller's time is over, and then keeps of the error only its text.
/// So to r2d2 every attempt succeeds, and the first caller gets the error at once.
pub(super) struct Slot<C> {
    content: Result<Box<TenantConnection<C>>, Option<ConnectError>>,
    /// The id of the connection when it was opened: `mem::swap` can put another connection in its place.
    id: u64,
    opened: Instant,
    used: Instant,
}

/// How long a failed attempt to connect is handed out: to those who waited for it.
const FAILURE_COUNTS: Duration = Duration::from_millis(500);

/// A connection is closed in place of being handed out.
#[derive(Debug, thiserror::Error)]
#[error("the connection is too old, broken, or was never opened")]
pub(super) struct Retired;

impl<C> Manager<C> {
    pub(super) fn new(url: String, tenants: TenantPool) -> Self {
        Self {
            url,
            limits: Limits::of(&tenants.0.options),
            tenants,
            connection: std::marker::PhantomData,
        }
    }
}

impl<C> Slot<C> {
    fn of(opened: Result<C, ConnectError>) -> Self {
        let content = opened
            .map(|connection| {
                Box::new(TenantConnection::shared(
                    connection,
                    SchemaTranslateMap::new(),
                    Sharing::InTurn,
                ))
            })
            .map_err(Some);
        Self {
            id: content.as_ref().map_or(0, |connection| connection.id()),
            content,
            opened: Instant::now(),
            used: Instant::now(),
        }
    }

    /// When the connection knew no types yet.
    pub(super) fn opened(&self) -> Instant {
        self.opened
    }

    /// The reason why there is no connection, once.
    pub(super) fn take_error(&mut self) -> Option<ConnectError> {
        self.content.as_mut().err().and_then(Option::take)
    }

    pub(super) fn connection(&self) -> Option<&TenantConnection<C>> {
        self.content.as_deref().ok()
    }

    pub(super) fn connection_mut(&mut self) -> Option<&mut TenantConnection<C>> {
        self.content.as_deref_mut().ok()
    }

    /// Has the connection closed when it comes back.
    pub(super) fn retire(&mut self) {
        self.content = Err(None);
    }
}

impl<C> ManageConnection for Manager<C>
where
    C: R2D2Connection + LoadConnection<Backend = Pg> + 'static,
{
    type Connection = Slot<C>;
    type Error = Retired;

    fn connect(&self) -> Result<Slot<C>, Retired> {
        let connector = self.tenants.connector();
        // A panic here would take the place of a connection forever.
        let opened = without_panic(|| connector.connect_blocking(&self.url, !is_async_inside::<C>()));
        Ok(Slot::of(opened.unwrap_or_else(|| {
            Err(ConnectError::Setup {
                server: connector.server.clone(),
                source: ConnectionError::BadConnection("opening the connection panicked".to_owned()),
            })
        })))
    }

    /// Called before a connection is handed out.
    fn is_valid(&self, slot: &mut Slot<C>) -> Result<(), Retired> {
        let now = Instant::now();
        let idle = now - slot.used;
        let connection = match &mut slot.content {
            Ok(connection) => connection,
            Err(_) if now - slot.opened < FAILURE_COUNTS => return Ok(()),
            Err(_) => return Err(Retired),
        };
        let retired = |reason| {
            self.tenants.counters().retired.add(reason);
            Retired
        };
        if now - slot.opened > self.limits.max_lifetime {
            return Err(retired(Retirement::Lifetime));
        }
        if self.tenants.schemas().outdate(slot.opened) {
            return Err(retired(Retirement::LeftState));
        }
        if self.limits.recycling.tests(idle) {
            ping(connection).map_err(|_| retired(Retirement::Broken))?;
        }
        Ok(())
    }

    /// Called when a connection comes back.
    fn has_broken(&self, slot: &mut Slot<C>) -> bool {
        let Ok(connection) = &mut slot.content else {
            return true;
        };
        if connection.session.is_outdated() {
            // What is remembered of the tenant's types may be outdated as well.
            self.tenants.schemas().forget_map(connection.map());
        }
        if let Some(reason) = self.why_retired(connection, slot.id) {
            self.tenants.counters().retired.add(reason);
            return true;
        }
        connection.set_translation(Translation::of_pinned_tables());
        slot.used = Instant::now();
        false
    }
}

impl<C: R2D2Connection> Manager<C> {
    fn why_retired(&self, connection: &mut TenantConnection<C>, id: u64) -> Option<Retirement> {
        if thread::panicking() {
            return Some(Retirement::Abandoned);
        }
        why_retired(connection, id, C::is_broken).or_else(|| {
            if connection.prepared_statements() > self.limits.max_statements {
                return Some(Retirement::Statements);
            }
            (connection.tenants() > self.limits.max_tenants).then_some(Retirement::Tenants)
        })
    }
}

fn ping<C: R2D2Connection>(connection: &mut TenantConnection<C>) -> QueryResult<()> {
    connection.inner.ping()
}
