//! The connections that nobody uses.

use std::{
    collections::{BTreeMap, HashMap, hash_map::Entry},
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::{
    SchemaName, TenantConnection,
    backend::sqlite::files::Identity,
    signals::{Retirement, RetirementCounts},
};

/// The files that a checkout's connection has attached.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct CheckoutFiles {
    /// The tenant, and which file was at its path.
    pub(crate) tenant: Option<(SchemaName, Identity)>,
    /// Which file was at the shared file's path.
    pub(crate) shared: Option<Identity>,
    pub(crate) read_only: bool,
}

impl CheckoutFiles {
    fn is_one_of(&self, tenants: &[SchemaName]) -> bool {
        let tenant = self.tenant.as_ref();
        tenant.is_some_and(|(tenant, _)| tenants.contains(tenant))
    }

    /// How many files these are.
    pub(crate) fn len(&self) -> usize {
        usize::from(self.tenant.is_some()) + usize::from(self.shared.is_some())
    }
}

/// Something that keeps connections to tenants' files which nobody uses.
pub(crate) trait KeepsIdle: Send + Sync {
    /// Closes the connections to the files of these tenants.
    fn release(&self, tenants: &[SchemaName]);

    /// Notes the tenants whose files somebody needs alone: until the next call, connections to them are closed when they
    /// come back. Without that, connections that are used again and again would never be closed.
    fn set_wanted(&self, tenants: &[SchemaName]);

    /// Whether there was any connection since the last call.
    fn was_used(&self) -> bool;

    /// How many connections these are.
    fn count(&self) -> usize;
}

/// The connections that nobody uses.
pub(crate) struct Idle<C> {
    state: Mutex<State<C>>,
    limit: usize,
    /// The connections that were not kept.
    pub(crate) retired: RetirementCounts,
}

/// Which connection has which files is looked up for each checkout, and may not take longer with many idle connections.
struct State<C> {
    /// By number, so that the one that was used last is at the end.
    connections: BTreeMap<u64, (CheckoutFiles, Box<TenantConnection<C>>)>,
    /// The numbers of the connections with these files, in order; never none.
    by_files: HashMap<CheckoutFiles, Vec<u64>>,
    next: u64,
    /// The tenants whose files somebody needs alone.
    wanted: Vec<SchemaName>,
    was_used: bool,
    is_closed: bool,
}

impl<C> State<C> {
    fn new() -> Self {
        Self {
            connections: BTreeMap::new(),
            by_files: HashMap::new(),
            next: 0,
            wanted: Vec::new(),
            was_used: false,
            is_closed: false,
        }
    }

    fn add(&mut self, attached: CheckoutFiles, connection: Box<TenantConnection<C>>) {
        let number = self.next;
        self.next += 1;
        self.by_files.entry(attached.clone()).or_default().push(number);
        self.connections.insert(number, (attached, connection));
    }

    fn remove(&mut self, number: u64) -> Option<Box<TenantConnection<C>>> {
        let (attached, connection) = self.connections.remove(&number)?;
        if let Entry::Occupied(mut numbers) = self.by_files.entry(attached) {
            numbers.get_mut().retain(|other| *other != number);
            if numbers.get().is_empty() {
                numbers.remove();
            }
        }
        Some(connection)
    }
}

impl<C> Idle<C> {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            state: Mutex::new(State::new()),
            limit,
            retired: RetirementCounts::default(),
        }
    }

    /// The connection with these files that was used last.
    pub(crate) fn take(&self, files: &CheckoutFiles) -> Option<Box<TenantConnection<C>>> {
        let mut state = self.state();
        let number = *state.by_files.get(files)?.last()?;
        state.remove(number)
    }

    /// Keeps a connection. Above the limit, the one that was unused for longest is returned, to be closed.
    #[must_use = "a connection that is kept nowhere must be closed"]
    pub(crate) fn keep(
        &self,
        attached: CheckoutFiles,
        connection: Box<TenantConnection<C>>,
    ) -> Option<Box<TenantConnection<C>>> {
        let mut state = self.state();
        state.was_used = true;
        if state.is_closed || attached.is_one_of(&state.wanted) {
            return Some(connection);
        }
        state.add(attached, connection);
        match state.connections.len() > self.limit {
            true => {
                self.retired.add(Retirement::Surplus);
                let oldest = *state.connections.keys().next()?;
                state.remove(oldest)
            }
            false => None,
        }
    }

    /// Closes all connections, and every connection that comes back.
    pub(crate) fn close(&self) {
        let closed = State {
            is_closed: true,
            ..State::new()
        };
        let closed = std::mem::replace(&mut *self.state(), closed);
        drop(closed);
    }

    /// Closes all connections, and goes on keeping those that come back.
    #[cfg(feature = "testing")]
    pub(crate) fn release_all(&self) {
        let mut state = self.state();
        state.by_files.clear();
        let closed = std::mem::take(&mut state.connections);
        drop(state);
        // Closing may write what is in a log into its file.
        drop(closed);
    }

    fn state(&self) -> MutexGuard<'_, State<C>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<C: Send> KeepsIdle for Idle<C> {
    fn release(&self, tenants: &[SchemaName]) {
        let mut state = self.state();
        let numbers: Vec<u64> = state
            .by_files
            .iter()
            .filter(|(attached, _)| attached.is_one_of(tenants))
            .flat_map(|(_, numbers)| numbers)
            .copied()
            .collect();
        let released: Vec<_> = numbers.into_iter().filter_map(|number| state.remove(number)).collect();
        drop(state);
        // Closing may write what is in a log into its file.
        drop(released);
    }

    fn set_wanted(&self, tenants: &[SchemaName]) {
        self.state().wanted = tenants.to_vec();
    }

    fn was_used(&self) -> bool {
        let mut state = self.state();
        std::mem::take(&mut state.was_used) || !state.connections.is_empty()
    }

    fn count(&self) -> usize {
        self.state().connections.len()
    }
}
