use std::sync::{Mutex, PoisonError};

use diesel::{
    connection::{
        DynInstrumentation, Instrumentation, InstrumentationEvent, StrQueryHelper, get_default_instrumentation,
    },
    result::Error,
};

/// Whoever listens to a connection. It is told of queries in the task that runs them.
pub(super) struct Observer {
    instrumentation: Mutex<DynInstrumentation>,
    is_there: bool,
}

impl Observer {
    /// The one that Diesel gives to each new connection, if any.
    pub(super) fn by_default() -> Self {
        let instrumentation = get_default_instrumentation();
        Self {
            is_there: instrumentation.is_some(),
            instrumentation: Mutex::new(
                instrumentation.map_or_else(DynInstrumentation::none, DynInstrumentation::from),
            ),
        }
    }

    pub(super) fn new(instrumentation: impl Instrumentation) -> Self {
        Self {
            instrumentation: Mutex::new(instrumentation.into()),
            is_there: true,
        }
    }

    pub(super) fn instrumentation(&mut self) -> &mut dyn Instrumentation {
        let instrumentation = self.instrumentation.get_mut();
        &mut **instrumentation.unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn tell<'a>(&self, event: impl FnOnce() -> InstrumentationEvent<'a>) {
        if self.is_there {
            self.notify(event());
        }
    }

    /// Tells that a query begins, and gives the text with which to tell its end.
    pub(super) fn tell_begin(&self, describe: impl FnOnce() -> Box<str>) -> Option<Box<str>> {
        self.is_there.then(|| {
            let description = describe();
            self.notify(InstrumentationEvent::start_query(&StrQueryHelper::new(&description)));
            description
        })
    }

    pub(super) fn tell_end(&self, description: &str, error: Option<&Error>) {
        self.notify(InstrumentationEvent::finish_query(
            &StrQueryHelper::new(description),
            error,
        ));
    }

    fn notify(&self, event: InstrumentationEvent<'_>) {
        let mut instrumentation = self.instrumentation.lock().unwrap_or_else(PoisonError::into_inner);
        instrumentation.on_connection_event(event);
    }
}

/// For Diesel's own connection on the thread, so that nothing is told twice.
pub(super) struct Silent;

impl Instrumentation for Silent {
    fn on_connection_event(&mut self, _: InstrumentationEvent<'_>) {}
}
