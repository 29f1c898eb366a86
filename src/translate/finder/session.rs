//! What leaves something behind on the session.

use super::{super::lexer::Token, Finder};

/// Functions that change the session's state when they are called.
const CALLS: [&str; 9] = [
    "dblink_connect",
    "dblink_connect_u",
    "pg_advisory_lock",
    "pg_advisory_lock_shared",
    "pg_try_advisory_lock",
    "pg_try_advisory_lock_shared",
    "set_config",
    "set_limit",
    "setseed",
];

impl Finder<'_> {
    /// Notes a call of the function that `token` names, in whatever schema.
    pub(super) fn note_call(&mut self, token: Token) {
        // The shortest and the longest, with quotes: few names are worth the search.
        let length = token.end - token.start;
        if !self.affects_session && (7..=64).contains(&length) {
            self.affects_session = CALLS.binary_search(&&*self.name_of(token)).is_ok();
        }
    }
}
