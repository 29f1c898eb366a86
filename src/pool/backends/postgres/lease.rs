//! A connection of PostgreSQL while a checkout has it, and what happens when it comes back.

use std::{
    ops::{Deref, DerefMut},
    time::{Duration, Instant},
};

use deadpool::managed::Object;

use super::Manager;
use crate::{
    PostgresConnection, TenantConnection, connection::Condition, pool::backends::recycle::why_retired,
    query::Translation, signals::Retirement,
};

/// How long a server may take to accept that a query is cancelled. A server that hangs must not collect such requests.
const CANCEL_TIMEOUT: Duration = Duration::from_secs(10);

/// A connection that was taken from the pool.
pub struct PostgresLease(Object<Manager>);

impl PostgresLease {
    pub(crate) fn of(object: Object<Manager>) -> Self {
        Self(object)
    }

    /// Takes the connection back: keeps it for the next checkout, or closes it. `id` is that of the connection which
    /// was handed out.
    pub(super) fn take_back(self, id: u64) {
        let Self(mut object) = self;
        if object.untranslated().take_doubt_about_types()
            && let Some(pool) = Object::pool(&object)
        {
            // What is remembered of the tenant's types may be outdated as well.
            pool.manager().schemas().forget_map(object.map());
        }
        let is_test = object.untranslated().is_in_test();
        // The next checkout rolls back what was begun in a test's transaction.
        let reason = why_retired(&mut **object, id)
            .filter(|reason| !(is_test && *reason == Retirement::InTransaction))
            .or_else(|| left_behind(object.untranslated()));
        let Some(reason) = reason else {
            object.set_translation(Translation::of_pinned_tables());
            return;
        };
        count(&object, reason);
        let connection = &mut *object;
        if (connection.condition() == Condition::Interrupted || reason == Retirement::Abandoned)
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            // Closing the socket doesn't stop a query: the server would only notice when it wants to answer.
            let token = connection.cancel_token();
            runtime.spawn(tokio::time::timeout(
                CANCEL_TIMEOUT,
                async move { token.cancel().await },
            ));
        }
        drop(Object::take(object));
    }

    /// Closes the connection.
    pub(super) fn discard(self) {
        count(&self.0, Retirement::Unusable);
        drop(Object::take(self.0));
    }

    /// When the connection was taken from the pool.
    pub(crate) fn since(&self) -> Instant {
        let metrics = Object::metrics(&self.0);
        metrics.recycled.unwrap_or(metrics.created)
    }
}

/// What is left on a connection that nobody has marked.
fn left_behind(connection: &PostgresConnection) -> Option<Retirement> {
    if !connection.is_at_rest() {
        // The caller has leaked a future or a stream.
        return Some(Retirement::Abandoned);
    }
    connection.has_leftovers().then_some(Retirement::LeftState)
}

fn count(object: &Object<Manager>, reason: Retirement) {
    if let Some(pool) = Object::pool(object) {
        pool.manager().counters.retired.add(reason);
    }
}

impl Deref for PostgresLease {
    type Target = TenantConnection;

    fn deref(&self) -> &TenantConnection {
        &self.0
    }
}

impl DerefMut for PostgresLease {
    fn deref_mut(&mut self) -> &mut TenantConnection {
        &mut self.0
    }
}
