//! The files of tenants, and what is done to each as a whole. All of it blocks.
//!
//! A [`Folder`] has one file for each tenant, and one for the shared schema. The path of a file is the tenant's name,
//! encoded. What is under construction or being dropped has a path that no tenant's file can have, in the same folder,
//! so that a rename puts it into place or takes it away in one step. Whoever is killed midway leaves such a path behind,
//! and [`Folder::sweep`] removes it.
//!
//! Four rules hold here, because SQLite's manual and the locks of POSIX ask for them:
//!
//! - A file that a connection may have open, in this process or another one, is opened by SQLite alone. To close any
//!   other handle of it would release the locks of all the process's connections to it. To ask for its size or its
//!   inode opens nothing.
//! - A file is renamed or removed only while no connection has it open. A connection would go on writing to a log file
//!   (`-wal`) whose path belongs to the next file of that name.
//! - Whoever opens a file says so ([`opening`](path_locks::opening)), so that nobody renames it between SQLite's opening and
//!   SQLite's locking.
//! - No log file (`-wal`, `-journal`) stays behind where a new file is put. SQLite would copy the rows in it into the
//!   new tenant's file.

mod at_rest;
mod clone;
mod close_requests;
mod create;
mod drop;
mod durable;
mod exclusive;
mod facts;
pub(crate) mod failpoint;
mod file_error;
mod file_name;
mod folder;
mod folder_error;
mod folder_state;
mod identity;
mod import;
mod lock;
mod migrate;
mod note;
mod open;
mod path_locks;
mod patience;
mod rename;
mod scratch;
mod shared;
mod snapshot;
mod sweep;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

#[cfg(feature = "schema")]
pub(crate) use facts::look;
pub(crate) use {
    facts::{Facts, Surveyed, each, look_with_locks},
    file_error::FileError,
    file_name::{FileNameError, RESERVED},
    folder::Folder,
    folder_error::FolderError,
    folder_state::FolderState,
    identity::{Identity, identity_of},
    import::Received,
    lock::FILE_LOCK_TIMEOUT,
    note::{NOTE_TABLE, Note, note_of},
    open::{Access, SCRATCH, attach_readable, busy_timeout, open, uri},
    path_locks::opening,
    shared::{SharedNumber, has_table},
    snapshot::{Counts, Snapshot},
};
