//! Subscribers that an application could install.

use std::{
    collections::VecDeque,
    fmt::{self, Write},
    io,
    sync::Mutex,
};

use tracing::{
    Dispatch, Level, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
    subscriber::NoSubscriber,
};
use tracing_subscriber::{
    Layer,
    layer::{Context, SubscriberExt},
    registry::LookupSpan,
};

pub const NAMES: [&str; 4] = ["none", "registry", "kept", "fmt"];

/// The subscriber of this name.
pub fn named(name: &str) -> Dispatch {
    match name {
        "registry" => Dispatch::new(tracing_subscriber::registry()),
        "kept" => Dispatch::new(tracing_subscriber::registry().with(Kept::default())),
        "fmt" => {
            let builder = tracing_subscriber::fmt().with_max_level(Level::DEBUG);
            Dispatch::new(builder.with_writer(io::sink).finish())
        }
        _ => Dispatch::new(NoSubscriber::new()),
    }
}

/// As many closed spans as an exporter keeps until they are sent.
const KEPT: usize = 2_048;

/// Keeps closed spans with their fields, until they are too many.
#[derive(Default)]
struct Kept(Mutex<VecDeque<Fields>>);

/// The fields of a span.
#[derive(Default)]
struct Fields(Vec<(&'static str, String)>);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let mut text = String::new();
        write!(text, "{value:?}").expect("a string takes everything");
        self.0.push((field.name(), text));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.push((field.name(), value.to_owned()));
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Kept {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        let span = context.span(id).expect("the span is new");
        span.extensions_mut().insert(fields);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let span = context.span(id).expect("the span is open");
        if let Some(fields) = span.extensions_mut().get_mut::<Fields>() {
            values.record(fields);
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let span = context.span(&id).expect("the span is only just closed");
        if let Some(fields) = span.extensions_mut().remove::<Fields>() {
            let mut kept = self.0.lock().expect("nothing panics with it");
            if kept.len() == KEPT {
                kept.pop_front();
            }
            kept.push_back(fields);
        }
    }
}
