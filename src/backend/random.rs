//! Numbers for names of files, databases and locks that must not meet.

use std::hash::{BuildHasher, RandomState};

/// A number that no other process and no other call gets. The standard library seeds its hash tables with it, from the
/// system's source of random numbers.
pub(crate) fn random() -> u64 {
    RandomState::new().hash_one(std::process::id())
}
