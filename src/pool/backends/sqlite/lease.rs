//! A connection while a checkout has it, and what happens when it comes back.

use std::{
    ops::{Deref, DerefMut},
    sync::Arc,
};

use tokio::sync::OwnedSemaphorePermit;

use super::idle::{CheckoutFiles, Idle};
use crate::{
    AsyncSqliteConnection, TenantConnection, pool::backends::recycle::why_retired, query::Translation,
    signals::Retirement,
};

pub(super) type Connection = TenantConnection<AsyncSqliteConnection>;

/// A connection that was taken from the pool.
pub struct SqliteLease {
    pub(super) connection: Box<Connection>,
    pub(super) attached: CheckoutFiles,
    pub(super) idle: Arc<Idle<AsyncSqliteConnection>>,
    pub(super) in_use: Arc<InUse>,
}

/// As long as anybody has this, a connection counts as in use: one of as many as there may be, and one of as many as the
/// tenant may have, if that is limited.
pub(super) type InUse = (OwnedSemaphorePermit, Option<OwnedSemaphorePermit>);

impl SqliteLease {
    /// Takes the connection back: keeps it for the next checkout, or closes it. `id` is that of the connection which
    /// was handed out.
    pub(super) fn take_back(mut self, id: u64) {
        let connection = &mut self.connection;
        let reason = why_retired(connection, id).or_else(|| {
            let has_its_files = connection.untranslated().attached_count() == self.attached.len();
            (!has_its_files).then_some(Retirement::LeftState)
        });
        if let Some(reason) = reason {
            self.idle.retired.add(reason);
            return self.close();
        }
        let Self {
            mut connection,
            attached,
            idle,
            in_use,
        } = self;
        connection.set_translation(Translation::of_pinned_tables());
        // The handles of the one that is closed count until it has let go of its files.
        match idle.keep(attached, connection) {
            Some(surplus) => surplus.into_inner().close_holding(in_use),
            None => drop(in_use),
        }
    }

    /// Closes the connection. It counts as in use until it has let go of its files: a statement that was given up runs
    /// to its end, on a thread, and others like it must not add up.
    pub(super) fn close(self) {
        let Self {
            connection,
            attached: _,
            idle: _,
            in_use,
        } = self;
        connection.into_inner().close_holding(in_use);
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
