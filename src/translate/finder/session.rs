//! What leaves something behind on the session.
//!
//! Statements that do so say it in their row of [`VERBS`](super::utility); here are the functions and the one view with such
//! an effect. Nobody can see it of a function of the user's own, of a view over `pg_settings`, or of SQL in a string.

use super::{
    super::lexer::{Kind, Token},
    Finder,
    relation::Dotted,
};

/// Functions that change the session's state when they are called, or run SQL that may.
const CALLS: [&str; 22] = [
    "dblink_connect",
    "dblink_connect_u",
    "pg_advisory_lock",
    "pg_advisory_lock_shared",
    "pg_backup_start",
    "pg_copy_logical_replication_slot",
    "pg_copy_physical_replication_slot",
    "pg_create_logical_replication_slot",
    "pg_create_physical_replication_slot",
    "pg_replication_origin_session_reset",
    "pg_replication_origin_session_setup",
    "pg_start_backup",
    "pg_try_advisory_lock",
    "pg_try_advisory_lock_shared",
    "query_to_xml",
    "query_to_xml_and_xmlschema",
    "query_to_xmlschema",
    "set_config",
    "set_limit",
    "setseed",
    "ts_rewrite",
    "ts_stat",
];

impl Finder<'_> {
    /// Notes a call of the function that `token` names, in whatever schema.
    pub(super) fn note_call(&mut self, token: Token) {
        // The shortest and the longest: few names are worth the search. One in quotes may spell letters by their codes.
        let length = token.end - token.start;
        let may_be = length >= 7 && (length <= 64 || token.kind == Kind::Quoted);
        if !self.affects_session && may_be {
            self.affects_session = CALLS.binary_search(&&*self.name_of(token)).is_ok();
        }
    }

    /// Notes a statement that writes to a relation: to `pg_settings` it is a `SET`.
    pub(super) fn note_write(&mut self, name: &Dotted) {
        self.affects_session |= self.name_of(self.last(name)) == "pg_settings";
    }
}
