//! Which of the names in a deparsed text are the schema's.

use super::{
    array::replaced_elements,
    bodies::{Language, neutral_body},
    by_name,
    text::{IDENTIFIER, IN_STRING, Neutral, STRING},
};
use crate::{
    backend::postgres::quote::{identifier, literal},
    translate::{Token, TokenKind, dollar_content, identifier_name, tokens},
};

/// A deparsed text, cut into tokens, and the schema whose name is looked for.
pub(super) struct Tokens<'a> {
    sql: &'a str,
    schema: &'a str,
    tokens: Vec<Token>,
    /// Whether there is a function's body in a string that may name the schema.
    pub(super) has_body: bool,
}

impl<'a> Tokens<'a> {
    pub(super) fn of(sql: &'a str, schema: &'a str) -> Option<Self> {
        let mut found = Self {
            sql,
            schema,
            tokens: tokens(sql)?,
            has_body: false,
        };
        found.has_body = found.body().is_some_and(|body| found.body_names_schema(body));
        Some(found)
    }

    pub(super) fn kind(&self, at: usize) -> Option<TokenKind> {
        self.tokens.get(at).map(|token| token.kind)
    }

    fn text(&self, at: usize) -> &'a str {
        let Token { start, end, .. } = self.tokens[at];
        &self.sql[start as usize..end as usize]
    }

    pub(super) fn is_word(&self, at: usize, word: &str) -> bool {
        matches!(self.kind(at), Some(TokenKind::Word(_))) && self.text(at).eq_ignore_ascii_case(word)
    }

    pub(super) fn len(&self) -> usize {
        self.tokens.len()
    }

    pub(super) fn schema(&self) -> &'a str {
        self.schema
    }

    pub(super) fn start(&self, at: usize) -> usize {
        self.tokens[at].start as usize
    }

    pub(super) fn end(&self, at: usize) -> usize {
        self.tokens[at].end as usize
    }

    /// Whether a variable is declared here as one of this type: `DECLARE name schema.type`.
    pub(super) fn is_declared_type(&self, at: usize) -> bool {
        let name = if at > 0 && self.is_word(at - 1, "constant") {
            at.checked_sub(2)
        } else {
            at.checked_sub(1)
        };
        let Some(name) = name.filter(|&name| name > 0 && self.tokens[name].kind.is_label()) else {
            return false;
        };
        let is_first = self.is_word(name - 1, "declare") || self.kind(name - 1) == Some(TokenKind::Semicolon);
        // `BEGIN` is no variable, and ends the section.
        let section = (0..=name)
            .rev()
            .find(|&at| self.is_word(at, "declare") || self.is_word(at, "begin"));
        is_first && section.is_some_and(|section| self.is_word(section, "declare"))
    }

    fn is_schemas_name(&self, at: usize) -> bool {
        self.tokens[at].kind.is_label() && identifier_name(self.sql, self.tokens[at]) == self.schema
    }

    fn is_behind_dot(&self, at: usize) -> bool {
        at > 0 && self.kind(at - 1) == Some(TokenKind::Dot)
    }

    /// Whether this is the schema's name in front of another one.
    pub(super) fn qualifies(&self, at: usize) -> bool {
        self.is_schemas_name(at)
            && !self.is_behind_dot(at)
            && self.kind(at + 1) == Some(TokenKind::Dot)
            && self.kind(at + 2).is_some_and(TokenKind::is_label)
            || self.is_schemas_name(at) && self.is_operators(at)
    }

    pub(super) fn is_function(&self) -> bool {
        (0..4.min(self.tokens.len())).any(|at| self.is_word(at, "function") || self.is_word(at, "procedure"))
    }

    /// Where the statements of a function are that has them in its own text, between `BEGIN ATOMIC` and `END`.
    pub(super) fn atomic_body(&self) -> Option<(usize, usize)> {
        let atomic = (1..self.tokens.len()).find(|&at| self.is_word(at - 1, "begin") && self.is_word(at, "atomic"))?;
        let end = self.tokens.last()?.start;
        Some((self.tokens[atomic].end as usize, end as usize))
    }

    /// `OPERATOR(schema.+)`, or `OPERATOR schema.+` in a statement about operators.
    fn is_operators(&self, at: usize) -> bool {
        at >= 2 && self.is_word(at - 2, "operator") && self.kind(at - 1) == Some(TokenKind::Open)
            || at >= 1 && self.is_word(at - 1, "operator") && self.kind(at + 1) == Some(TokenKind::Dot)
    }

    /// Whether an alias, a column or a parameter may have the schema's name: they are all mentioned somewhere by themselves.
    pub(super) fn may_be_alias(&self) -> bool {
        matches!(self.schema, "new" | "old" | "excluded")
            || (0..self.tokens.len()).any(|at| {
                self.is_schemas_name(at) && (self.kind(at + 1) != Some(TokenKind::Dot) || self.is_behind_dot(at))
            })
    }

    /// Whether the qualified name here is that of a type, function, operator or collation by where it stands.
    pub(super) fn is_no_column(&self, at: usize) -> bool {
        self.kind(at + 3) == Some(TokenKind::Open)
            || at > 0 && (self.kind(at - 1) == Some(TokenKind::Cast) || self.is_word(at - 1, "collate"))
            || self.is_operators(at)
    }

    /// Where the function's body is, if it is a string of a language that may name tables.
    fn body(&self) -> Option<usize> {
        let language = (0..self.tokens.len()).find(|&at| self.is_word(at, "language"))?;
        if self.is_word(language + 1, "c") || self.is_word(language + 1, "internal") {
            return None;
        }
        (language..self.tokens.len()).find(|&at| {
            self.kind(at) == Some(TokenKind::String) && self.text(at).starts_with('$') && self.is_word(at - 1, "as")
        })
    }

    /// What the body says, and its language, if that is understood.
    fn understood_body(&self) -> Option<(&'a str, Language)> {
        let body = self.body()?;
        let language = (0..body).find(|&at| self.is_word(at, "language"))? + 1;
        let language = match () {
            () if self.is_word(language, "sql") => Language::Sql,
            () if self.is_word(language, "plpgsql") => Language::PlPgSql,
            () => return None,
        };
        Some((dollar_content(self.text(body)), language))
    }

    /// Whether the body may name the schema.
    fn body_names_schema(&self, body: usize) -> bool {
        let language = match self.understood_body() {
            Some((_, language)) => by_name::Language::Body(language),
            None => by_name::Language::Foreign,
        };
        let text = self.text(body);
        mentions(text, self.schema) || by_name::names(dollar_content(text), language, self.schema, false)
    }

    /// Whether it is certain which of the names in the body are the schema's, and none is left that can't be replaced. A string there may
    /// be run as a statement.
    pub(super) fn body_is_clear(&self) -> bool {
        let Some((content, language)) = self.understood_body() else {
            return self.body().is_none();
        };
        let Some(strings) = by_name::strings(content) else {
            return false;
        };
        let has_parameter = self.may_be_alias();
        let is_left =
            |text: String| by_name::names(&text, by_name::Language::Body(language), self.schema, has_parameter);
        strings.iter().all(|string| !mentions(string, self.schema))
            && neutral_body(content, language, self.schema, has_parameter).is_some_and(|text| !is_left(text))
    }

    /// The text with marks where the schema's name stands: as `is_schema` says, in strings that name objects, in a search_path, and in
    /// the body.
    pub(super) fn replaced(&self, is_schema: impl Fn(usize) -> bool) -> Neutral {
        let mut out = String::with_capacity(self.sql.len() + 32);
        let mut copied = 0;
        let mut in_search_path = false;
        let body = self.body().filter(|_| self.has_body);
        for at in 0..self.tokens.len() {
            let Token { kind, start, end } = self.tokens[at];
            in_search_path = match kind {
                TokenKind::String | TokenKind::Comma => in_search_path,
                _ => {
                    at >= 2
                        && self.is_word(at, "to")
                        && self.is_word(at - 1, "search_path")
                        && self.is_word(at - 2, "set")
                }
            };
            let replacement = match kind {
                TokenKind::String
                    if in_search_path && string_content(self.text(at)).as_deref() == Some(self.schema) =>
                {
                    Some(STRING.to_owned())
                }
                TokenKind::String if Some(at) == body => self.replaced_body(),
                TokenKind::String if self.kind(at + 1) == Some(TokenKind::Cast) && self.is_object_type(at + 2) => {
                    self.replaced_string(at)
                }
                kind if kind.is_label() && is_schema(at) => Some(IDENTIFIER.to_owned()),
                _ => None,
            };
            if let Some(replacement) = replacement {
                out.push_str(&self.sql[copied..start as usize]);
                out.push_str(&replacement);
                copied = end as usize;
            }
        }
        out.push_str(&self.sql[copied..]);
        Neutral {
            text: out,
            is_clear: true,
        }
    }

    /// `regclass` and its kin, the types of which constants are names.
    fn is_object_type(&self, at: usize) -> bool {
        matches!(self.kind(at), Some(TokenKind::Word(_))) && self.text(at).starts_with("reg")
    }

    fn replaced_string(&self, at: usize) -> Option<String> {
        let content = string_content(self.text(at))?;
        let names_schemas = self.is_word(at + 2, "regnamespace");
        if self.kind(at + 3) == Some(TokenKind::OpenBracket) {
            let text = replaced_elements(&content, |element| self.replaced_name(element, names_schemas))?;
            return Some(literal(&text));
        }
        let text = self.replaced_name(&content, names_schemas)?;
        Some(literal(&text).replace(IDENTIFIER, IN_STRING))
    }

    /// A name of an object with a mark in place of the schema's; `None` if it is not in the schema.
    fn replaced_name(&self, name: &str, is_schemas: bool) -> Option<String> {
        let tokens = Tokens::of(name, self.schema)?;
        let is_whole = |at| is_schemas && tokens.len() == 1 && tokens.is_schemas_name(at);
        let Neutral { text, .. } = tokens.replaced(|at| tokens.qualifies(at) || is_whole(at));
        (text != name).then_some(text)
    }

    /// As it is, where it is not certain what in it is the schema's.
    fn replaced_body(&self) -> Option<String> {
        let (content, language) = self.understood_body()?;
        let text = neutral_body(content, language, self.schema, self.may_be_alias())?;
        (text != content).then(|| literal(&text).replace(IDENTIFIER, IN_STRING))
    }
}

/// Whether a text has the schema's name with a dot behind it, as a whole word.
fn mentions(text: &str, schema: &str) -> bool {
    let quoted = format!("{}.", identifier(schema));
    if text.contains(&quoted) {
        return true;
    }
    let bare = format!("{schema}.");
    let lower = text.to_lowercase();
    lower
        .match_indices(&bare)
        .any(|(at, _)| !lower[..at].ends_with(|before: char| before.is_alphanumeric() || matches!(before, '_' | '$')))
}

/// What a plain string says, or one with backslashes doubled, as PostgreSQL writes them.
fn string_content(token: &str) -> Option<String> {
    let (inner, escapes) = match token.strip_prefix(['E', 'e']) {
        Some(rest) => (rest, true),
        None => (token, false),
    };
    let inner = inner.strip_prefix('\'')?.strip_suffix('\'')?.replace("''", "'");
    Some(if escapes { inner.replace("\\\\", "\\") } else { inner })
}
