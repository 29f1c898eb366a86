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
