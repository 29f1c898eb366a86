//! Statements that change the session: transactions, variables, locks.

use super::{
    Finder, Read,
    keyword::Keyword,
    token::{Kind, Token},
};
use crate::{error::Fault, session_effect::HazardKind};

/// Variables after whose change the server would read a text in another way than this reader.
const READING: [&str; 6] = [
    "sql_mode",
    "character_set_client",
    "character_set_connection",
    "character_set_filesystem",
    "character_set_results",
    "collation_connection",
];

/// The modes (`sql_mode`) in which the server reads texts as in its default mode.
const HARMLESS: [&str; 17] = [
    "ALLOW_INVALID_DATES",
    "ERROR_FOR_DIVISION_BY_ZERO",
    "NO_AUTO_CREATE_USER",
    "NO_AUTO_VALUE_ON_ZERO",
    "NO_DIR_IN_CREATE",
    "NO_ENGINE_SUBSTITUTION",
    "NO_UNSIGNED_SUBTRACTION",
    "NO_ZERO_DATE",
    "NO_ZERO_IN_DATE",
    "ONLY_FULL_GROUP_BY",
    "PAD_CHAR_TO_FULL_LENGTH",
    "SIMULTANEOUS_ASSIGNMENT",
    "STRICT_ALL_TABLES",
    "STRICT_TRANS_TABLES",
    "TIME_ROUND_FRACTIONAL",
    "TIME_TRUNCATE_FRACTIONAL",
    "TRADITIONAL",
];

/// Scopes of variables that are the whole server's.
const SERVER: [Keyword; 3] = [Keyword::Global, Keyword::Persist, Keyword::PersistOnly];

const SESSION: [Keyword; 2] = [Keyword::Session, Keyword::Local];

impl Finder<'_> {
    /// Statements that begin or end transactions. A savepoint outside of a transaction has no effect.
    pub(super) fn transaction(&mut self, verb: Keyword) -> Read {
        self.advance();
        if verb == Keyword::Start && !self.is(Keyword::Transaction) {
            return Err(self.unexpected("TRANSACTION was expected"));
        }
        // BEGIN NOT ATOMIC … END
        if verb == Keyword::Begin && !self.at_statement_end() && !self.skip(Keyword::Work) {
            return Err(self.unexpected("a block of statements outside of a routine"));
        }
        let mut goes_back = false;
        while self.kind().is_name()
            || self.kind() == Kind::Comma
            || self.is_any(&[
                Keyword::Read,
                Keyword::Release,
                Keyword::To,
                Keyword::With,
                Keyword::And,
                Keyword::Write,
            ])
        {
            goes_back |= self.advance().kind == Kind::Word(Keyword::To);
        }
        if !matches!(verb, Keyword::Release | Keyword::Savepoint) && !goes_back {
            self.may_affect_session();
        }
        Ok(())
    }

    /// `GET DIAGNOSTICS variable = …`
    pub(super) fn get_diagnostics(&mut self) -> Read {
        let verb = self.advance();
        self.affects_session(verb);
        self.note_hazard(HazardKind::EarlierStatement, verb);
        self.skip_statement()
    }

    /// `LOCK TABLES table [[AS] alias] { READ [LOCAL] | [LOW_PRIORITY] WRITE }, …`
    pub(super) fn lock_tables(&mut self) -> Read {
        let verb = self.advance();
        if !self.skip_any(&[Keyword::Table, Keyword::Tables]) {
            return Err(Self::of_server(self.token()));
        }
        self.affects_session(verb);
        loop {
            self.relation()?;
            self.table_alias()?;
            self.skip_all(&[
                Keyword::Concurrent,
                Keyword::Local,
                Keyword::LowPriority,
                Keyword::Read,
                Keyword::Write,
            ]);
            if !self.skip_kind(Kind::Comma) {
                return self.lock_wait();
            }
        }
    }

    /// `UNLOCK TABLES`, which ends a transaction if there were locks.
    pub(super) fn unlock_tables(&mut self) -> Read {
        self.advance();
        if !self.skip_any(&[Keyword::Table, Keyword::Tables]) {
            return Err(Self::of_server(self.token()));
        }
        self.may_affect_session();
        Ok(())
    }

    /// SET of variables, of the character set, of a role, of the transaction, or for one statement.
    pub(super) fn set(&mut self) -> Read {
        let verb = self.advance();
        if self.skip(Keyword::Statement) {
            self.variables()?;
            self.expect(Keyword::For, "FOR was expected in SET STATEMENT")?;
            return self.nested(Self::statement);
        }
        self.affects_session(verb);
        let is_assignment = matches!(self.ahead(1), Kind::Operator | Kind::Assign | Kind::Dot);
        match self.kind() {
            Kind::Word(Keyword::Names | Keyword::Charset | Keyword::Character) if !is_assignment => {
                self.character_set()
            }
            Kind::Word(Keyword::Role) if !is_assignment => {
                self.advance();
                self.advance();
                Ok(())
            }
            Kind::Word(Keyword::Password | Keyword::Default) if !is_assignment => Err(Self::of_server(self.token())),
            Kind::Word(Keyword::Password) => Err(Self::of_server(self.token())),
            _ => self.variables(),
        }
    }

    /// `NAMES charset [COLLATE collation]` and `CHARACTER SET charset`. In other character sets than UTF-8 the bytes of
    /// a text would be other letters, and some of them quotes and backslashes.
    fn character_set(&mut self) -> Read {
        if self.advance().kind == Kind::Word(Keyword::Character) {
            self.expect(Keyword::Set, "SET was expected")?;
        }
        let charset = self.advance();
        let name = self.text(charset).trim_matches(['\'', '"']);
        if !["utf8mb4", "utf8mb3", "utf8"]
            .iter()
            .any(|utf8| name.eq_ignore_ascii_case(utf8))
        {
            return Err(self.unexpected_at(charset, "a character set in which a text can't be read: use utf8mb4"));
        }
        if self.skip(Keyword::Collate) {
            self.advance();
        }
        match self.skip_kind(Kind::Comma) {
            true => self.variables(),
            false => Ok(()),
        }
    }

    /// `[scope] name = value, …`
    fn variables(&mut self) -> Read {
        loop {
            let start = self.token();
            if self.is_any(&SERVER) && !matches!(self.ahead(1), Kind::Operator | Kind::Assign) {
                return Err(Self::of_server(start));
            }
            self.skip_any(&SESSION);
            if self.skip(Keyword::Transaction) {
                // ISOLATION LEVEL …, READ ONLY
                while self.kind().is_name()
                    || self.kind() == Kind::Comma
                    || self.is_any(&[Keyword::Read, Keyword::Write])
                {
                    self.advance();
                }
            } else {
                let name = self.token();
                let is_reading = self.changes_reading(name)?;
                match name.kind {
                    Kind::Variable | Kind::SystemVariable => drop(self.advance()),
                    _ => self.column().map(drop)?,
                }
                if !self.skip_equals() && !self.skip_kind(Kind::Assign) {
                    return Err(self.unexpected("= was expected"));
                }
                if is_reading && !self.at_harmless_mode() {
                    return Err(self.unexpected_at(
                        name,
                        "a setting after which the server would read texts in another way than they were translated",
                    ));
                }
                self.value_of_variable()?;
            }
            if !self.skip_kind(Kind::Comma) {
                return Ok(());
            }
        }
    }

    /// A value is an expression, or a word such as ON.
    fn value_of_variable(&mut self) -> Read {
        let is_word = matches!(self.kind(), Kind::Word(_))
            && (matches!(self.ahead(1), Kind::Comma | Kind::Semicolon | Kind::End) || self.is_ahead(1, Keyword::For));
        if is_word {
            self.advance();
            return Ok(());
        }
        self.expression()
    }

    /// Whether this variable decides how the server reads texts.
    fn changes_reading(&self, variable: Token) -> Result<bool, Fault> {
        let text = self.text(variable).to_ascii_lowercase();
        let is_server = ["@@global.", "@@persist.", "@@persist_only."]
            .iter()
            .any(|scope| text.starts_with(scope));
        if is_server {
            return Err(Self::of_server(variable));
        }
        let name = text.trim_start_matches("@@session.").trim_start_matches("@@local.");
        let name = name.trim_start_matches("@@").trim_matches('`');
        Ok(variable.kind != Kind::Variable && READING.contains(&name))
    }

    /// Whether the next token is a list of modes, in a string, in which the server reads texts as in its default mode.
    fn at_harmless_mode(&self) -> bool {
        let text = self.text(self.token());
        self.kind() == Kind::String
            && matches!(
                self.ahead(1),
                Kind::Comma | Kind::Semicolon | Kind::End | Kind::Word(Keyword::For)
            )
            && misread_sql_mode(text.trim_matches(['\'', '"'])).is_none()
    }
}

/// The first of these modes in which the server reads texts in another way than in its default mode.
pub(in crate::dialect) fn misread_sql_mode(modes: &str) -> Option<&str> {
    let is_harmless = |mode: &str| HARMLESS.iter().any(|harmless| mode.eq_ignore_ascii_case(harmless));
    modes.split(',').find(|mode| !mode.is_empty() && !is_harmless(mode))
}
