//! A subscriber that keeps all spans.

use std::{
    collections::BTreeMap,
    fmt::Debug,
    sync::{Arc, Mutex},
};

use tracing::{
    Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
};
use tracing_subscriber::{
    Layer,
    layer::{Context, SubscriberExt as _},
    registry::LookupSpan,
};

/// A span that was opened: its name, its fields, and the names of the spans around it.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    pub name: String,
    pub fields: BTreeMap<String, String>,
    pub within: Vec<String>,
    pub is_closed: bool,
}

impl Seen {
    pub fn field(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str)
    }
}

#[derive(Clone, Default)]
pub struct AllSeen(Arc<Mutex<Vec<(Id, Seen)>>>);

impl AllSeen {
    /// Sees the spans of this thread, until the guard is dropped.
    pub fn here() -> (Self, tracing::subscriber::DefaultGuard) {
        let seen = Self::default();
        let subscriber = tracing_subscriber::registry().with(seen.clone());
        (seen, tracing::subscriber::set_default(subscriber))
    }

    /// The spans of this name, in the order in which they were opened.
    pub fn take(&self, name: &str) -> Vec<Seen> {
        let mut all = self.0.lock().unwrap();
        let (found, others) = std::mem::take(&mut *all)
            .into_iter()
            .partition(|(_, seen)| seen.name == name);
        *all = others;
        let found: Vec<(Id, Seen)> = found;
        found.into_iter().map(|(_, seen)| seen).collect()
    }

    pub fn all(&self) -> Vec<Seen> {
        self.0.lock().unwrap().iter().map(|(_, seen)| seen.clone()).collect()
    }

    fn with(&self, id: &Id, change: impl FnOnce(&mut Seen)) {
        // Ids are used again once a span is closed.
        let mut all = self.0.lock().unwrap();
        if let Some((_, seen)) = all.iter_mut().rev().find(|(known, _)| known == id) {
            change(seen);
        }
    }
}

struct Fields<'a>(&'a mut BTreeMap<String, String>);

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), value.to_owned());
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for AllSeen {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut seen = Seen {
            name: attributes.metadata().name().to_owned(),
            ..Seen::default()
        };
        if !attributes.metadata().target().starts_with("diesel_tenants") {
            return;
        }
        attributes.record(&mut Fields(&mut seen.fields));
        if let Some(span) = context.span(id) {
            seen.within = span.scope().skip(1).map(|around| around.name().to_owned()).collect();
        }
        self.0.lock().unwrap().push((id.clone(), seen));
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, _: Context<'_, S>) {
        self.with(id, |seen| values.record(&mut Fields(&mut seen.fields)));
    }

    fn on_close(&self, id: Id, _: Context<'_, S>) {
        self.with(&id, |seen| seen.is_closed = true);
    }
}
