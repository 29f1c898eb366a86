use std::hash::{BuildHasher, RandomState};

/// A number that no other process and no other call gets. The standard library seeds its hash tables with it.
pub(super) fn random() -> u64 {
    RandomState::new().hash_one(std::process::id())
}
