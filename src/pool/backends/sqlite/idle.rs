//! The connections that nobody uses.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::{SchemaName, TenantConnection, backend::sqlite::files::Identity};

/// The files that a checkout's connection has attached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CheckoutFiles {
    /// The tenant, and which file was at its path.
    pub(crate) tenant: Option<(SchemaName, Identity)>,
    /// Which file was at the shared file's path.
    pub(crate) shared: Option<Identity>,
    pub(crate) read_only: bool,
}

impl CheckoutFiles {
    /// How many files these are.
    pub(crate) fn len(&self) -> usize {
        usize::from(self.tenant.is_some()) + usize::from(self.shared.is_some())
    }
}

/// Something that keeps connections to tenants' files which nobody uses.
pub(crate) trait KeepsIdle: Send + Sync {
    /// Closes the connections to the files of these tenants.
    fn release(&self, tenants: &[SchemaName]);

    /// How many connections these are.
    fn count(&self) -> usize;
}

/// The connections that nobody uses, the one that was used last at the end.
pub(crate) struct Idle<C> {
    state: Mutex<State<C>>,
    limit: usize,
}

struct State<C> {
    connections: VecDeque<(CheckoutFiles, Box<TenantConnection<C>>)>,
    is_closed: bool,
}

impl<C> Idle<C> {
    pub(crate) fn new(limit: usize) -> Self {
        let state = State {
            connections: VecDeque::new(),
            is_closed: false,
        };
        Self {
            state: Mutex::new(state),
            limit,
        }
    }

    /// The connection with these files that was used last.
    pub(crate) fn take(&self, wanted: &CheckoutFiles) -> Option<Box<TenantConnection<C>>> {
        let mut state = self.state();
        let place = state.connections.iter().rposition(|(attached, _)| attached == wanted)?;
        state.connections.remove(place).map(|(_, connection)| connection)
    }

    /// Keeps a connection. Above the limit, the one that was unused for longest is returned, to be closed.
    #[must_use = "a connection that is dropped closes at some time"]
    pub(crate) fn keep(
        &self,
        attached: CheckoutFiles,
        connection: Box<TenantConnection<C>>,
    ) -> Option<Box<TenantConnection<C>>> {
        let mut state = self.state();
        if state.is_closed {
            return Some(connection);
        }
        state.connections.push_back((attached, connection));
        match state.connections.len() > self.limit {
            true => state.connections.pop_front().map(|(_, connection)| connection),
            false => None,
        }
    }

    /// Closes all connections, and every connection that comes back.
    pub(crate) fn close(&self) {
        let mut state = self.state();
        state.is_closed = true;
        let closed = std::mem::take(&mut state.connections);
        drop(state);
        drop(closed);
    }

    /// Closes all connections, and goes on keeping those that come back.
    #[cfg(feature = "testing")]
    pub(crate) fn release_all(&self) {
        let closed = std::mem::take(&mut self.state().connections);
        drop(closed);
    }

    fn state(&self) -> MutexGuard<'_, State<C>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<C: Send> KeepsIdle for Idle<C> {
    fn release(&self, tenants: &[SchemaName]) {
        let mut released = Vec::new();
        let mut state = self.state();
        let kept = std::mem::take(&mut state.connections);
        for (attached, connection) in kept {
            let is_wanted = attached
                .tenant
                .as_ref()
                .is_some_and(|(tenant, _)| tenants.contains(tenant));
            match is_wanted {
                true => released.push(connection),
                false => state.connections.push_back((attached, connection)),
            }
        }
        drop(state);
        // Closing may write what is in a log into its file.
        drop(released);
    }

    fn count(&self) -> usize {
        self.state().connections.len()
    }
}
