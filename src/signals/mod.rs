//! What the library tells of its work: figures, which are always counted, and spans, with the feature `tracing`.
//!
//! The figures are counted where the event happens, by one or two additions to atomic numbers. Nothing is handed to a
//! metrics library there, so a recorder that blocks or panics can't hold up a checkout, or lose one.

mod counters;
mod durations;
mod hearing;
mod retirement;
mod spans;
mod tenant_counts;

pub(crate) use counters::Counters;
pub(crate) use durations::DurationCounts;
pub use durations::Durations;
pub(crate) use hearing::Hearing;
pub use hearing::ListenerStatistics;
pub(crate) use retirement::RetirementCounts;
pub use retirement::{Retirement, Retirements};
pub(crate) use spans::{Label, Span};
pub(crate) use tenant_counts::TenantCounts;
