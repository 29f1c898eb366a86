//! A connection while a checkout has it, and what happens when it comes back.

use std::{
    ops::{Deref, DerefMut},
    sync::Arc,
    thread,
};

use diesel::connection::TransactionManager as _;
use tokio::sync::OwnedSemaphorePermit;

use crate::{
    TenantConnection,
    backend::sqlite::connection::{SqliteFilesConnection, SqliteFilesTransactionManager},
    connection::Condition,
    pool::backends::sqlite::{CheckoutFiles, Idle},
    query::Translation,
};

pub(super) type Connection = TenantConnection<SqliteFilesConnection>;

/// A connection that was taken from the pool. When it is dropped, the connection is kept for the next checkout, or
/// closed.
pub struct Lease {
    /// `None` only while it is dropped.
    connection: Option<Box<Connection>>,
    /// The id of the connection that was handed out: `mem::swap` can put another connection in its place.
    id: u64,
    attached: CheckoutFiles,
    idle: Arc<Idle<SqliteFilesConnection>>,
    // Dropped after the connection is back: whoever waits for them finds it.
    /// One of as many as there may be connections in use.
    _permit: OwnedSemaphorePermit,
    /// One of as many as the tenant may have in use, if that is limited.
    _share: Option<OwnedSemaphorePermit>,
}

impl Lease {
    pub(super) fn new(
        connection: Box<Connection>,
        attached: CheckoutFiles,
        idle: Arc<Idle<SqliteFilesConnection>>,
        permit: OwnedSemaphorePermit,
        share: Option<OwnedSemaphorePermit>,
    ) -> Self {
        Self {
            id: connection.id(),
            connection: Some(connection),
            attached,
            idle,
            _permit: permit,
            _share: share,
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(mut connection) = self.connection.take() else {
            return;
        };
        let is_clean = !thread::panicking()
            && connection.id() == self.id
            && connection.condition() == Condition::Clean
            && !is_in_transaction_or_broken(&mut connection.inner)
            && connection.inner.attached_count() == self.attached.len();
        if is_clean {
            connection.set_translation(Translation::of_pinned_tables());
            // What is above the limit is closed here.
            drop(self.idle.keep(self.attached.clone(), connection));
        }
    }
}

fn is_in_transaction_or_broken(connection: &mut SqliteFilesConnection) -> bool {
    let status = SqliteFilesTransactionManager::transaction_manager_status_mut(connection);
    !matches!(status.transaction_depth(), Ok(None)) || connection.is_broken()
}

const HAS_ONE: &str = "a lease has its connection until it is dropped";

impl Deref for Lease {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.connection.as_deref().expect(HAS_ONE)
    }
}

impl DerefMut for Lease {
    fn deref_mut(&mut self) -> &mut Connection {
        self.connection.as_deref_mut().expect(HAS_ONE)
    }
}
