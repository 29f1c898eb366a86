//! Spans of the crate `tracing`. Without the feature they are nothing: empty types, whose methods do nothing.

#[cfg(feature = "tracing")]
mod traced;
#[cfg(not(feature = "tracing"))]
mod untraced;

#[cfg(feature = "tracing")]
pub(crate) use traced::{Label, Span};
#[cfg(not(feature = "tracing"))]
pub(crate) use untraced::{Label, Span};
