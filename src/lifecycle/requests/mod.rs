//! What is to be done to a tenant, on any kind of database. The folder of each kind has what happens when a request is
//! awaited.

mod archive;
mod clone;
mod drop;
mod patience;
mod rename;
mod restore;
mod texts;

pub use archive::ArchiveRequest;
pub use clone::CloneRequest;
pub use drop::DropRequest;
pub(super) use patience::Patience;
pub use rename::RenameRequest;
pub use restore::RestoreRequest;
pub(super) use texts::Texts;
