//! What the connections of a pool tell their statements to, while a test listens.

use std::sync::{Mutex, PoisonError};

use diesel::connection::Instrumentation;
use diesel_async::AsyncConnection;

/// Makes what each new connection tells its statements to.
type Make = dyn Fn() -> Box<dyn Instrumentation> + Send + Sync;

#[derive(Default)]
pub(crate) struct TestInstrumentation(Mutex<Option<Box<Make>>>);

impl TestInstrumentation {
    /// For the connections that are opened from now on.
    pub(crate) fn set(&self, make: Option<Box<Make>>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = make;
    }

    pub(crate) fn apply(&self, connection: &mut impl AsyncConnection) {
        if let Some(make) = &*self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            connection.set_instrumentation(make());
        }
    }
}
