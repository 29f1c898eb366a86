//! What the pool's connections send, and from where.

use std::{
    backtrace::Backtrace,
    sync::{Arc, Mutex, PoisonError},
};

use diesel::connection::{Instrumentation, InstrumentationEvent};

/// The statements of all connections that a pool opens during an audit.
#[derive(Clone, Default)]
pub(super) struct Recorder(Arc<Mutex<Vec<Sent>>>);

/// A statement on its way to the server.
pub(super) struct Sent {
    pub(super) sql: String,
    /// Its symbols are looked up when it is shown, which takes much longer than this.
    pub(super) from: Backtrace,
}

/// What Diesel puts between a statement and its values.
const BINDS: &str = " -- binds: ";

impl Recorder {
    pub(super) fn take(&self) -> Vec<Sent> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Instrumentation for Recorder {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        let InstrumentationEvent::StartQuery { query, .. } = event else {
            return;
        };
        let text = query.to_string();
        let sql = text.rsplit_once(BINDS).map_or(&*text, |(sql, _)| sql).to_owned();
        let from = Backtrace::force_capture();
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(Sent { sql, from });
    }
}
