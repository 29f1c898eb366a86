//! A connection while a checkout has it, and what happens when it comes back.

use std::{
    ops::{Deref, DerefMut},
    sync::Arc,
    thread,
};

use tokio::sync::OwnedSemaphorePermit;

use crate::{
    TenantConnection,
    backend::sqlite::connection::SqliteFilesConnection,
    blocking::pool::retired::why_retired,
    pool::backends::sqlite::{CheckoutFiles, Idle},
    query::Translation,
    signals::Retirement,
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
        match self.why_retired(&mut connection) {
            Some(reason) => self.idle.retired.add(reason),
            None => {
                connection.set_translation(Translation::of_pinned_tables());
                // What is above the limit is closed here.
                drop(self.idle.keep(self.attached.clone(), connection));
            }
        }
    }
}

impl Lease {
    fn why_retired(&self, connection: &mut Connection) -> Option<Retirement> {
        if thread::panicking() {
            return Some(Retirement::Abandoned);
        }
        why_retired(connection, self.id, SqliteFilesConnection::is_broken).or_else(|| {
            let has_its_files = connection.inner.attached_count() == self.attached.len();
            (!has_its_files).then_some(Retirement::LeftState)
        })
    }
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
