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

    /// Whether this name is the type of a variable that is declared here: `DECLARE name schema.type`.
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
        // `BEGIN` is not a variable, and ends the section.
        let section = (0..=name)
            .rev()
            .find(|&at| self.text.is_word(at, "declare") || self.text.is_word(at, "begin"));
        is_first && section.is_some_and(|section| self.text.is_word(section, "declare"))
    }

    pub(super) fn is_schemas_name(&self, at: usize) -> bool {
        self.text.is_label(at) && self.text.name(at) == self.schema
    }

    /// Whether this is the schema's name before another name.
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

    /// The place of a function's statements between `BEGIN ATOMIC` and `END`, if it has them.
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

    /// Whether an alias, a column or a parameter may have the schema's name: each of these occurs somewhere without a
    /// dot.
    pub(super) fn may_be_alias(&self) -> bool {
        self.text.may_be_alias(self.schema)
    }

    /// Whether the qualified name here is a type, function, operator or collation by its position.
    pub(super) fn is_no_column(&self, at: usize) -> bool {
        self.text.kind(at + 3) == Some(TokenKind::Open)
            || at > 0 && (self.text.kind(at - 1) == Some(TokenKind::Cast) || self.text.is_word(at - 1, "collate"))
            || self.is_operators(at)
    }

    /// The place of the function's body, if the body is a string in a language that may name tables.
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

    /// The text of the body, and its language, if that can be read.
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

    /// `regclass` and similar types, whose constants are names of objects.
    pub(super) fn is_object_type(&self, at: usize) -> bool {
        matches!(self.text.kind(at), Some(TokenKind::Word(_))) && self.text.written(at).starts_with("reg")
    }
}

/// The value of a string as PostgreSQL writes it: plain, or with doubled backslashes.
pub(super) fn string_content(token: &str) -> Option<String> {
    let (inner, escapes) = match token.strip_prefix(['E', 'e']) {
        Some(rest) => (rest, true),
        None => (token, false),
    };
    let inner = inner.strip_prefix('\'')?.strip_suffix('\'')?.replace("''", "'");
    Some(if escapes { inner.replace("\\\\", "\\") } else { inner })
}
