use std::{
    ops::{Deref, DerefMut},
    sync::Arc,
};

use tokio::sync::OwnedSemaphorePermit;

use super::idle::{Attached, Connection, Idle};

/// A connection that was taken from the pool.
pub struct SqliteLease {
    pub(super) connection: Box<Connection>,
    pub(super) attached: Attached,
    pub(super) idle: Arc<Idle>,
    /// One of as many as there may be connections in use.
    pub(super) permit: OwnedSemaphorePermit,
    /// One of as many as the tenant may have in use, if that is limited.
    pub(super) share: Option<OwnedSemaphorePermit>,
}

impl SqliteLease {
    /// Closes the connection. It counts as in use until it has let go of its files: a statement that was given up runs
    /// to its end, on a thread, and others like it must not add up.
    pub(super) fn close(self) {
        let Self {
            connection,
            attached: _,
            idle: _,
            permit,
            share,
        } = self;
        connection.into_inner().close_holding((permit, share));
    }
}

impl Deref for SqliteLease {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.connection
    }
}

impl DerefMut for SqliteLease {
    fn deref_mut(&mut self) -> &mut Connection {
        &mut self.connection
    }
}
