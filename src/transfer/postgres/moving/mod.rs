//! Moves a tenant from one database to another while it is in use.
//!
//! The tenant's rows are copied as of one moment. Triggers record what is written meanwhile in a table of the tenant's
//! schema, the journal. These writes are replayed at the target, round after round. Once a round is small, writes are
//! locked out. Then the rest is replayed, the schema at the source is renamed, and the directory is updated. A process
//! that still has the old placement gets "does not exist" there, and never a table that takes a write.

mod clean_up;
mod copy;
mod journal;
mod leftovers;
mod move_error;
mod move_report;
mod move_request;
mod pipe;
mod places;
mod replay;
mod run;
mod site;
mod split_objects;
mod state;
mod switch;

pub use move_error::MoveError;
pub use move_report::MoveReport;
pub use move_request::MoveRequest;
