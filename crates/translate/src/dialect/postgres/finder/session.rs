//! Finds what leaves something on the session, and what else is a hazard if tenants use a session in turn.
//!
//! Statements that leave something say so in their row of [`VERBS`](super::utility). Here are the functions, and the
//! one view, with such an effect. It can't be seen for an application's own functions, for views over `pg_settings`,
//! and for SQL in strings.

use super::{Finder, relation::Dotted};
use crate::{
    dialect::postgres::{
        keyword::Keyword,
        lexer::{Kind, Lexer, Token},
    },
    error::Fault,
    session_effect::{Hazard, HazardKind, SessionEffect},
};

/// What a call does.
#[derive(Clone, Copy)]
enum Call {
    /// Changes the session's state.
    Lasts,
    /// Runs SQL that may change the session's state.
    RunsSql,
    /// Changes the session's state unless its last argument is TRUE.
    SetConfig,
    /// Reads what another tenant may have left on the session.
    Reads(HazardKind),
}

/// Functions that change the session's state when they are called, run SQL that may, or read that state.
const CALLS: [(&str, Call); 24] = [
    ("currval", Call::Reads(HazardKind::CurrentValue)),
    ("dblink_connect", Call::Lasts),
    ("dblink_connect_u", Call::Lasts),
    ("lastval", Call::Reads(HazardKind::LastValue)),
    ("pg_advisory_lock", Call::Lasts),
    ("pg_advisory_lock_shared", Call::Lasts),
    ("pg_backup_start", Call::Lasts),
    ("pg_copy_logical_replication_slot", Call::RunsSql),
    ("pg_copy_physical_replication_slot", Call::RunsSql),
    ("pg_create_logical_replication_slot", Call::RunsSql),
    ("pg_create_physical_replication_slot", Call::RunsSql),
    ("pg_replication_origin_session_reset", Call::Lasts),
    ("pg_replication_origin_session_setup", Call::Lasts),
    ("pg_start_backup", Call::Lasts),
    ("pg_try_advisory_lock", Call::Lasts),
    ("pg_try_advisory_lock_shared", Call::Lasts),
    ("query_to_xml", Call::RunsSql),
    ("query_to_xml_and_xmlschema", Call::RunsSql),
    ("query_to_xmlschema", Call::RunsSql),
    ("set_config", Call::SetConfig),
    ("set_limit", Call::Lasts),
    ("setseed", Call::Lasts),
    ("ts_rewrite", Call::RunsSql),
    ("ts_stat", Call::RunsSql),
];

impl<'a> Finder<'a> {
    /// Records that the utility statement leaves something on the session.
    pub(super) fn affects_session(&mut self) {
        self.affects_session_at(self.verb);
    }

    /// Records that the utility statement may leave something on the session.
    pub(super) fn may_affect_session(&mut self) {
        if self.session_effect == SessionEffect::None {
            self.session_effect = SessionEffect::Possible;
        }
    }

    fn affects_session_at(&mut self, token: Token) {
        if !matches!(self.session_effect, SessionEffect::Certain { .. }) {
            let offset = token.start as usize;
            self.session_effect = SessionEffect::Certain { offset };
        }
    }

    fn note_hazard(&mut self, kind: HazardKind, token: Token) {
        if self.hazard.is_none_or(|known| known.kind < kind) {
            let offset = token.start as usize;
            self.hazard = Some(Hazard { kind, offset });
        }
    }

    /// The effect of the function that `token` names, in any schema; `None` for most functions.
    fn call_of(&self, token: Token) -> Option<Call> {
        // The lengths of the shortest and the longest name: few names need the search.
        let length = token.end - token.start;
        let may_be = length >= 7 && (length <= 64 || token.kind == Kind::Quoted);
        if !may_be {
            return None;
        }
        let name = self.name_of(token);
        let found = CALLS.binary_search_by_key(&&*name, |(name, _)| name).ok()?;
        Some(CALLS[found].1)
    }

    /// Records a call of the function that `token` names. Its arguments come next.
    pub(super) fn note_call(&mut self, token: Token) {
        match self.call_of(token) {
            None => {}
            Some(Call::SetConfig) if !self.ends_with_true() => self.affects_session_at(token),
            Some(Call::Lasts) => self.affects_session_at(token),
            Some(Call::RunsSql | Call::SetConfig) => self.may_affect_session(),
            Some(Call::Reads(kind)) => self.note_hazard(kind, token),
        }
    }

    /// Records a field of an expression. If there is no field of that name, it calls a function of one argument:
    /// `(1).f` means `f(1)`.
    pub(super) fn note_field(&mut self, token: Token) {
        match self.call_of(token) {
            Some(Call::Lasts) => self.affects_session_at(token),
            Some(Call::RunsSql) => self.may_affect_session(),
            Some(Call::Reads(kind @ HazardKind::CurrentValue)) => self.note_hazard(kind, token),
            // These functions take no argument, or more than one.
            Some(Call::SetConfig | Call::Reads(_)) | None => {}
        }
    }

    /// Records the last part of `table.column` as a possible call. It is nearly always a column.
    pub(super) fn note_column(&mut self, token: Token) {
        if let Some(Call::Lasts | Call::RunsSql) = self.call_of(token) {
            self.may_affect_session();
        }
    }

    /// Records a statement that writes to a relation: writing to `pg_settings` is a `SET`.
    pub(super) fn note_write(&mut self, name: &Dotted) {
        let last = self.last(name);
        if self.name_of(last) == "pg_settings" {
            self.affects_session_at(last);
        }
    }

    /// Whether the parentheses that come next end with the argument TRUE.
    fn ends_with_true(&self) -> bool {
        let mut depth = 0usize;
        let mut before = [None; 2];
        for (kind, text) in self.tokens_ahead() {
            match kind {
                Kind::Open => depth += 1,
                Kind::Close if depth == 1 => {
                    let [separator, argument] = before;
                    let is_whole = matches!(separator, Some((Kind::Comma, _) | (Kind::Operator, "=>")));
                    return is_whole
                        && matches!(argument, Some((Kind::Word(_), word)) if word.eq_ignore_ascii_case("true"));
                }
                Kind::Close => depth = depth.saturating_sub(1),
                _ => {}
            }
            before = [before[1], Some((kind, text))];
        }
        false
    }

    /// Records a temporary relation whose name was just read. With ON COMMIT DROP it disappears with the transaction.
    pub(super) fn note_temporary(&mut self, name: Token) {
        let mut depth = 0usize;
        let mut words = ["", ""];
        for (kind, text) in self.tokens_ahead() {
            match kind {
                Kind::Open => depth += 1,
                Kind::Close => depth = depth.saturating_sub(1),
                Kind::Semicolon | Kind::Word(Keyword::As) if depth == 0 => break,
                _ if depth == 0 => {
                    let is = |word: &str, other: &str| word.eq_ignore_ascii_case(other);
                    if is(words[0], "on") && is(words[1], "commit") && is(text, "drop") {
                        return self.may_affect_session();
                    }
                    words = [words[1], text];
                    continue;
                }
                _ => {}
            }
            words = ["", ""];
        }
        self.affects_session_at(name);
    }

    /// Checks the name of a created object that isn't a relation: without a schema, the object goes to the first schema
    /// of the search_path.
    pub(super) fn new_object(&mut self) -> Result<(), Fault> {
        self.skip_existence()?;
        let is_qualified = self.token.kind.is_label() && self.second()?.kind == Kind::Dot;
        if is_qualified {
            let is_temporary = |token: Token| token.kind.is_label() && self.name_of(token) == "pg_temp";
            let with_database = self.tokens.ahead(2)?.kind == Kind::Dot;
            if is_temporary(self.token) || with_database && is_temporary(self.tokens.ahead(1)?) {
                self.affects_session();
            }
        } else if !self.at(Keyword::On) {
            // Statistics may have no name at all: they go to the schema of their table.
            self.note_hazard(HazardKind::NoSchema, self.token);
        }
        Ok(())
    }

    /// Checks where COPY takes its rows from: `FROM { 'file' | PROGRAM 'command' | STDIN }`.
    pub(super) fn copy_source(&mut self) -> Result<(), Fault> {
        if self.at(Keyword::From) {
            let source = self.second()?;
            if source.kind.is_label() && !self.word_is(source, "program") {
                self.note_hazard(HazardKind::CopyFromStdin, self.verb);
            }
        }
        Ok(())
    }

    /// `DECLARE name … CURSOR [WITH HOLD] FOR query`: only such a cursor outlives the transaction.
    pub(super) fn declare(&mut self) -> Result<(), Fault> {
        let mut distance = 0;
        let mut before = self.token;
        while !matches!(before.kind, Kind::Semicolon | Kind::End | Kind::Word(Keyword::For)) {
            let next = self.tokens.ahead(distance)?;
            if self.word_is(before, "with") && self.word_is(next, "hold") {
                self.affects_session();
                return Ok(());
            }
            before = next;
            distance += 1;
        }
        self.may_affect_session();
        Ok(())
    }

    /// The next tokens and their texts, as far as the text can be cut into tokens. Only for rare cases, since the
    /// tokens are cut a second time.
    fn tokens_ahead(&self) -> impl Iterator<Item = (Kind, &'a str)> + use<'a> {
        let rest = &self.sql()[self.token.start as usize..];
        let mut lexer = Lexer::new(rest).ok();
        std::iter::from_fn(move || {
            let token = lexer.as_mut()?.next().ok()?;
            (token.kind != Kind::End).then(|| (token.kind, &rest[token.start as usize..token.end as usize]))
        })
    }
}
