//! The queries of a diagnosis. All queries are sent as unnamed statements: an old pooler mixes up named ones.

mod directory;
mod functions;
mod objects;
mod server;
mod session;

pub(crate) use directory::{DIFFERENT_STATUSES, LOST_DOMAINS, MISSING_SCHEMAS, SHARED_PLACES, UNLISTED_SCHEMAS};
pub(crate) use directory::{find_directory, names_in_directory};
pub(crate) use functions::{FunctionText, function_texts};
pub(crate) use objects::{HALF_DETACHED, INVALID_INDEXES, LockRoom, UNCHECKED, UNLOGGED, lock_room, names};
pub(crate) use server::{ServerFacts, server_facts};
pub(crate) use session::{MARK, has_mark, has_standard_strings, keeps_statements, search_path_of_role};
