use std::{
    fmt,
    ops::{Deref, DerefMut},
};

use super::Backend;
use crate::TenantConnection;

/// A connection under one map, until it is dropped. Use it like a [`TenantConnection`], wherever Diesel takes a
/// connection.
///
/// A returned connection forgets its map. The pool closes a connection that isn't clean: one with an open transaction,
/// also a test transaction, with session state (a `SET`, a temporary table, an advisory lock), one on which a statement
/// failed because the server's plans or types had changed, and one that is dropped by a panic. It also closes a
/// connection that took another's place by `mem::swap` or `mem::replace`.
pub struct Checkout<B: Backend>(pub(super) B::Lease);

impl<B: Backend> Deref for Checkout<B> {
    type Target = TenantConnection<B::Connection>;

    fn deref(&self) -> &TenantConnection<B::Connection> {
        &self.0
    }
}

impl<B: Backend> DerefMut for Checkout<B> {
    fn deref_mut(&mut self) -> &mut TenantConnection<B::Connection> {
        &mut self.0
    }
}

impl<B: Backend> AsRef<TenantConnection<B::Connection>> for Checkout<B> {
    fn as_ref(&self) -> &TenantConnection<B::Connection> {
        self
    }
}

impl<B: Backend> fmt::Debug for Checkout<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Checkout")
            .field("map", self.map())
            .finish_non_exhaustive()
    }
}
