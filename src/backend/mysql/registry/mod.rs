//! What the shared database knows of the tenants: which there are, their status, and the operations under way.
//!
//! A database without an entry here is none of the library's: it is never handed out, changed or dropped. A tenant can
//! be checked out only by an active entry, which is written last when a tenant is made, and changed first when it goes.

mod change_counter;
mod directory_id;
mod entry;
mod tables;

pub(crate) use change_counter::bump;
pub(crate) use directory_id::DirectoryId;
pub(crate) use entry::{Archive, Entry, Operation, Rehearsed, Step, registered_name};
pub(crate) use tables::{LOCKS, SAVED, TENANTS, VERSION, prepare};
