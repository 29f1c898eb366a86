//! A tenant that moves from one database to another while it is in use.
//!
//! Its rows are copied as of one moment. What is written meanwhile is noted by triggers in a table of the tenant's schema, the journal, and
//! replayed at the target, round after round. Once a round is small, writes are locked out; the rest is replayed, the schema at the source is
//! renamed, and the directory is told. Whoever still knows the old place meets "does not exist" there, never a table that takes a write.

mod copy;
mod course;
mod journal;
mod late;
mod leftovers;
mod move_error;
mod move_report;
mod move_request;
mod pipe;
mod places;
mod replay;
mod run;
mod site;
mod switch;
mod tidy;

pub use move_error::MoveError;
pub use move_report::MoveReport;
pub use move_request::MoveRequest;
