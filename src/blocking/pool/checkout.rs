use std::{
    fmt,
    ops::{Deref, DerefMut},
};

use diesel::{
    connection::LoadConnection,
    pg::Pg,
    r2d2::{self, R2D2Connection},
};
use tokio::sync::OwnedSemaphorePermit;

use super::manager::Manager;
use crate::TenantConnection;

/// A connection under one map, until it is dropped. Use it like a [`TenantConnection`], wherever Diesel takes a
/// connection.
///
/// A returned connection forgets its map. The pool closes a connection that isn't clean: one with an open transaction,
/// also a test transaction, with session state (a `SET`, a temporary table, an advisory lock), one on which a statement
/// failed because the server's plans or types had changed, and one that is dropped by a panic. It also closes a
/// connection that took another's place by `mem::swap` or `mem::replace`.
pub struct Checkout<C>
where
    C: R2D2Connection + LoadConnection<Backend = Pg> + 'static,
{
    // Dropped before the share, so that whoever waits for the share finds the connection.
    slot: r2d2::PooledConnection<Manager<C>>,
    /// The tenant's permit for this connection, if `max_per_tenant` is set.
    _share: Option<OwnedSemaphorePermit>,
}

impl<C> Checkout<C>
where
    C: R2D2Connection + LoadConnection<Backend = Pg> + 'static,
{
    pub(super) fn new(slot: r2d2::PooledConnection<Manager<C>>, share: Option<OwnedSemaphorePermit>) -> Self {
        Self { slot, _share: share }
    }
}

pub(super) const HAS_ONE: &str = "only a slot with a connection is handed out";

impl<C> Deref for Checkout<C>
where
    C: R2D2Connection + LoadConnection<Backend = Pg> + 'static,
{
    type Target = TenantConnection<C>;

    fn deref(&self) -> &TenantConnection<C> {
        self.slot.connection().expect(HAS_ONE)
    }
}

impl<C> DerefMut for Checkout<C>
where
    C: R2D2Connection + LoadConnection<Backend = Pg> + 'static,
{
    fn deref_mut(&mut self) -> &mut TenantConnection<C> {
        self.slot.connection_mut().expect(HAS_ONE)
    }
}

impl<C> AsRef<TenantConnection<C>> for Checkout<C>
where
    C: R2D2Connection + LoadConnection<Backend = Pg> + 'static,
{
    fn as_ref(&self) -> &TenantConnection<C> {
        self
    }
}

impl<C> fmt::Debug for Checkout<C>
where
    C: R2D2Connection + LoadConnection<Backend = Pg> + 'static,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Checkout")
            .field("map", self.map())
            .finish_non_exhaustive()
    }
}
