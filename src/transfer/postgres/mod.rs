//! The export of a tenant that is a schema of PostgreSQL: the statements that make its objects, and its rows as `COPY`
//! writes them. `moving` moves a tenant to another database in the same form.

mod export;
mod export_request;
mod head;
mod import;
mod moving;
mod rows;
mod source;
mod target;
mod transactions;

pub use moving::{MoveError, MoveReport, MoveRequest};
