//! What a diagnosis asks of the files.

mod directory;
mod examine;
mod file_system;

pub(crate) use directory::{DirectoryFacts, directory};
pub(crate) use examine::{Examined, examine, examine_shared, version};
pub(crate) use file_system::file_system_of;
