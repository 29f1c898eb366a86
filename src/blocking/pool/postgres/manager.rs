//! Which connections r2d2 keeps: `is_valid` before one is handed out, `has_broken` when it comes back. A lost one is
//! closed then, and never replaced under a checkout.

use std::{
    thread,
    time::{Duration, Instant},
};

use diesel::{
    ConnectionError, QueryResult,
    connection::{LoadConnection, TransactionManager},
    pg::Pg,
    r2d2::{ManageConnection, R2D2Connection},
};

use super::super::background::without_panic;
use crate::{
    SchemaTranslateMap, TenantConnection, TenantPool,
    backend::postgres::ConnectError,
    blocking::connection::is_async_inside,
    connection::Condition,
    pool::Limits,
    query::{Sharing, Translation},
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
        if now - slot.opened > self.limits.max_lifetime || self.tenants.schemas().outdate(slot.opened) {
            return Err(Retired);
        }
        if self.limits.recycling.tests(idle) {
            ping(connection).map_err(|_| Retired)?;
        }
        Ok(())
    }

    /// Called when a connection comes back.
    fn has_broken(&self, slot: &mut Slot<C>) -> bool {
        let Limits {
            max_statements,
            max_tenants,
            ..
        } = self.limits;
        let Ok(connection) = &mut slot.content else {
            return true;
        };
        if connection.session.is_outdated() {
            // What is remembered of the tenant's types may be outdated as well.
            self.tenants.schemas().forget_map(connection.map());
        }
        if thread::panicking()
            || connection.id() != slot.id
            || connection.condition() != Condition::Clean
            || connection.prepared_statements() > max_statements
            || connection.tenants() > max_tenants
            || is_in_transaction_or_broken(&mut connection.inner)
        {
            return true;
        }
        connection.set_translation(Translation::of_pinned_tables());
        slot.used = Instant::now();
        false
    }
}

fn ping<C: R2D2Connection>(connection: &mut TenantConnection<C>) -> QueryResult<()> {
    connection.inner.ping()
}

/// Diesel's own pools hand out a connection with an open test transaction: here the next tenant's writes would seem to
/// succeed, and be lost.
fn is_in_transaction_or_broken<C: R2D2Connection>(connection: &mut C) -> bool {
    let status = C::TransactionManager::transaction_manager_status_mut(connection);
    !matches!(status.transaction_depth(), Ok(None)) || connection.is_broken()
}
