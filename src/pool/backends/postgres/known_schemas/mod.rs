//! Which schemas exist, and which types they have, as far as a pool remembers: for how long, and what makes it forget.
//!
//! The cache holds a bounded number of schemas ([`schema_cache`](crate::TenantPoolBuilder::schema_cache)); beyond that,
//! schemas that are rarely used give way. A schema is also forgotten after a time, and when this process changes the
//! tenant or hears that another one did (`announcements/listen.rs`).

mod forgotten_meanwhile;
mod listed_schemas;
mod missing_schemas;
mod read_ahead;
mod read_progress;
mod schemas;

pub(crate) use schemas::{Refused, Schemas};
