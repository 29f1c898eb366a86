//! Which of the names in a text may be a schema's.

use super::{language::BodyLanguage, text::Text};
use crate::translate::{TokenKind, dollar_content};

/// A text, cut into tokens, and the schema whose name is looked for.
pub(super) struct Tokens<'a> {
    pub(super) text: Text<'a>,
    pub(super) schema: &'a str,
}

impl<'a> Tokens<'a> {
    pub(super) fn of(sql: &'a str, schema: &'a str) -> Option<Self> {
        Text::of(sql).map(|text| Self { text, schema })
    }

    /// Whether a variable is declared here as one of this type: `DECLARE name schema.type`.
    pub(super) fn is_declared_type(&self, at: usize) -> bool {
        let name = if self.text.is_behind(at, &["constant"]) {
            at.checked_sub(2)
        } else {
            at.checked_sub(1)
        };
        let Some(name) = name.filter(|&name| name > 0 && self.text.is_label(name)) else {
            return false;
        };
        let is_first = self.text.is_word(name - 1, "declare") || self.text.kind(name - 1) == Some(TokenKind::Semicolon);
        // `BEGIN` is no variable, and ends the section.
        let section = (0..=name)
            .rev()
            .find(|&at| self.text.is_word(at, "declare") || self.text.is_word(at, "begin"));
        is_first && section.is_some_and(|section| self.text.is_word(section, "declare"))
    }

    pub(super) fn is_schemas_name(&self, at: usize) -> bool {
        self.text.is_label(at) && self.text.name(at) == self.schema
    }

    /// Whether this is the schema's name in front of another one.
    pub(super) fn qualifies(&self, at: usize) -> bool {
        self.is_schemas_name(at)
            && !self.text.is_behind_dot(at)
            && self.text.kind(at + 1) == Some(TokenKind::Dot)
            && self.text.is_label(at + 2)
            || self.is_schemas_name(at) && self.is_operators(at)
    }

    pub(super) fn is_function(&self) -> bool {
        (0..4.min(self.text.len())).any(|at| self.text.is_word(at, "function") || self.text.is_word(at, "procedure"))
    }

    /// Where the statements of a function are that has them in its own text, between `BEGIN ATOMIC` and `END`.
    pub(super) fn atomic_body(&self) -> Option<(usize, usize)> {
        let atomic =
            (1..self.text.len()).find(|&at| self.text.is_word(at - 1, "begin") && self.text.is_word(at, "atomic"))?;
        let end = self.text.start(self.text.len() - 1);
        Some((self.text.end(atomic), end))
    }

    /// `OPERATOR(schema.+)`, or `OPERATOR schema.+` in a statement about operators.
    pub(super) fn is_operators(&self, at: usize) -> bool {
        at >= 2 && self.text.is_word(at - 2, "operator") && self.text.kind(at - 1) == Some(TokenKind::Open)
            || at >= 1 && self.text.is_word(at - 1, "operator") && self.text.kind(at + 1) == Some(TokenKind::Dot)
    }

    /// Whether an alias, a column or a parameter may have the schema's name: they are all mentioned somewhere by themselves.
    pub(super) fn may_be_alias(&self) -> bool {
        self.text.may_be_alias(self.schema)
    }

    /// Whether the qualified name here is that of a type, function, operator or collation by where it stands.
    pub(super) fn is_no_column(&self, at: usize) -> bool {
        self.text.kind(at + 3) == Some(TokenKind::Open)
            || at > 0 && (self.text.kind(at - 1) == Some(TokenKind::Cast) || self.text.is_word(at - 1, "collate"))
            || self.is_operators(at)
    }

    /// Where the function's body is, if it is a string of a language that may name tables.
    pub(super) fn body(&self) -> Option<usize> {
        let language = (0..self.text.len()).find(|&at| self.text.is_word(at, "language"))?;
        if self.text.is_word(language + 1, "c") || self.text.is_word(language + 1, "internal") {
            return None;
        }
        (language..self.text.len()).find(|&at| {
            self.text.kind(at) == Some(TokenKind::String)
                && self.text.written(at).starts_with('$')
                && self.text.is_word(at - 1, "as")
        })
    }

    /// What the body says, and its language, if that is understood.
    pub(super) fn understood_body(&self) -> Option<(&'a str, BodyLanguage)> {
        let body = self.body()?;
        let language = (0..body).find(|&at| self.text.is_word(at, "language"))? + 1;
        let language = match () {
            () if self.text.is_word(language, "sql") => BodyLanguage::Sql,
            () if self.text.is_word(language, "plpgsql") => BodyLanguage::PlPgSql,
            () => return None,
        };
        Some((dollar_content(self.text.written(body)), language))
    }

    /// `regclass` and its kin, the types of which constants are names.
    pub(super) fn is_object_type(&self, at: usize) -> bool {
        matches!(self.text.kind(at), Some(TokenKind::Word(_))) && self.text.written(at).starts_with("reg")
    }
}

/// What a plain string says, or one with backslashes doubled, as PostgreSQL writes them.
pub(super) fn string_content(token: &str) -> Option<String> {
    let (inner, escapes) = match token.strip_prefix(['E', 'e']) {
        Some(rest) => (rest, true),
        None => (token, false),
    };
    let inner = inner.strip_prefix('\'')?.strip_suffix('\'')?.replace("''", "'");
    Some(if escapes { inner.replace("\\\\", "\\") } else { inner })
}
