//! The text of a statement, as the engine needs to know it.

use std::{
    fmt::Debug,
    hash::{BuildHasher, RandomState},
    sync::LazyLock,
};

/// A statement's text.
///
/// What is kept for a statement is found by this value. Whoever implements it for a text that was translated makes it
/// from the query and the map together, so that no statement of one tenant is found for another.
pub(crate) trait StatementText: Debug + Send + Sync + 'static {
    fn sql(&self) -> &str;

    /// A hash of [`sql`](Self::sql), by [`hash_of`].
    fn hash(&self) -> u64;

    /// Whether a failure undoes the whole statement, so that it can be sent again.
    fn fails_whole(&self) -> bool;
}

/// A hash of a statement's text.
pub(crate) fn hash_of(sql: &str) -> u64 {
    static HASHER: LazyLock<RandomState> = LazyLock::new(RandomState::new);
    HASHER.hash_one(sql)
}

/// Whether a failure of the statement undoes all of it. Decided by the first word: a procedure, a `DO` block or another
/// command may have committed a part of its work before it failed.
pub(crate) fn fails_whole(sql: &str) -> bool {
    let start = sql.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '(');
    let word = start
        .split(|c: char| !c.is_ascii_alphabetic())
        .next()
        .unwrap_or_default();
    [
        "SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "WITH", "VALUES", "TABLE",
    ]
    .iter()
    .any(|first| word.eq_ignore_ascii_case(first))
}

/// A text that needs no translation.
#[derive(Debug)]
pub(super) struct PlainText {
    sql: String,
    hash: u64,
    fails_whole: bool,
}

impl PlainText {
    pub(super) fn new(sql: String) -> Self {
        Self {
            hash: hash_of(&sql),
            fails_whole: fails_whole(&sql),
            sql,
        }
    }
}

impl StatementText for PlainText {
    fn sql(&self) -> &str {
        &self.sql
    }

    fn hash(&self) -> u64 {
        self.hash
    }

    fn fails_whole(&self) -> bool {
        self.fails_whole
    }
}
