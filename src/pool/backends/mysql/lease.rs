//! A connection of MySQL while a checkout has it, and what happens when it comes back.

use std::ops::{Deref, DerefMut};

use deadpool::managed::Object;

use super::manager::{Connection, Manager};
use crate::{connection::Condition, pool::backends::recycle::why_retired, query::Translation, signals::Retirement};

/// A connection that was taken from the pool.
pub struct MysqlLease(Object<Manager>);

impl MysqlLease {
    pub(super) fn of(object: Object<Manager>) -> Self {
        Self(object)
    }

    /// Takes the connection back: keeps it for the next checkout, or closes it. `id` is that of the connection which was
    /// handed out.
    pub(super) fn take_back(self, id: u64) {
        let Self(mut object) = self;
        let Some(reason) = why_retired(&mut **object, id) else {
            object.set_translation(Translation::of_pinned_tables());
            return;
        };
        count(&object, reason);
        let connection = &mut **object;
        if connection.condition() == Condition::Interrupted
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            // Closing the socket doesn't stop a query: the server would only notice when it wants to answer.
            let token = connection.untranslated().cancel_token();
            // Nobody is left to be told that the server can't be reached.
            runtime.spawn(async move { token.cancel_query().await });
        }
        drop(Object::take(object));
    }

    /// Closes the connection.
    pub(super) fn discard(self) {
        count(&self.0, Retirement::Unusable);
        drop(Object::take(self.0));
    }
}

fn count(object: &Object<Manager>, reason: Retirement) {
    if let Some(pool) = Object::pool(object) {
        pool.manager().counters().retired.add(reason);
    }
}

impl Deref for MysqlLease {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.0
    }
}

impl DerefMut for MysqlLease {
    fn deref_mut(&mut self) -> &mut Connection {
        &mut self.0
    }
}
