use std::{
    collections::HashSet,
    hash::{BuildHasher as _, RandomState},
};

use diesel::{Connection, SqliteConnection, connection::CacheSize};

/// Bounds the prepared statements that Diesel's connection keeps, which it can only forget all at once. To prepare one
/// anew takes SQLite some 20 to 50 µs.
pub(super) struct KeptStatements {
    /// Hashes of the texts. Two texts with one hash count as one, which does no harm.
    texts: HashSet<u64>,
    hasher: RandomState,
    most: usize,
}

impl KeptStatements {
    pub(super) fn new(most: usize) -> Self {
        Self {
            texts: HashSet::new(),
            hasher: RandomState::new(),
            most,
        }
    }

    /// Makes room for a statement that the connection is about to keep.
    pub(super) fn make_room(&mut self, text: &str, connection: &mut SqliteConnection) {
        let hash = self.hasher.hash_one(text);
        if self.texts.contains(&hash) {
            return;
        }
        if self.texts.len() >= self.most {
            self.forget(connection);
        }
        self.texts.insert(hash);
    }

    pub(super) fn forget(&mut self, connection: &mut SqliteConnection) {
        self.limit(self.most, connection);
    }

    /// Forgets all statements, and keeps at most this many from now on.
    pub(super) fn limit(&mut self, most: usize, connection: &mut SqliteConnection) {
        self.most = most;
        self.texts.clear();
        connection.set_prepared_statement_cache_size(CacheSize::Disabled);
        if most > 0 {
            connection.set_prepared_statement_cache_size(CacheSize::Unbounded);
        }
    }
}
