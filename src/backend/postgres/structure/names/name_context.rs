//! Decides what names and strings in a text mean, by what is around them.

use std::borrow::Cow;

use super::{escapes::says, text::Text};
use crate::translate::TokenKind;

/// Functions, settings and statements that may read a string as a schema's name.
const TAKE_NAMES: [&str; 13] = [
    "execute",
    "set_config",
    "format",
    "concat",
    "quote_ident",
    "current_schema",
    "current_schemas",
    "pg_get_serial_sequence",
    "search_path",
    "to_regclass",
    "schema_to_xml",
    "schema_to_xmlschema",
    "schema_to_xml_and_xmlschema",
];

/// `OPERATOR(schema.+)`: as many tokens.
const TOKENS_OF_OPERATOR: usize = 6;

/// Words after which a relation comes.
const BEFORE_RELATIONS: [&str; 8] = [
    "join",
    "update",
    "table",
    "only",
    "references",
    "truncate",
    "lock",
    "call",
];

/// The first words of statements that read no columns, so that a name before a dot is a schema.
const UTILITY: [&str; 16] = [
    "truncate", "lock", "alter", "drop", "comment", "copy", "create", "grant", "revoke", "refresh", "reindex",
    "cluster", "analyze", "vacuum", "import", "security",
];

/// The first words of statements in which `=` compares, or writes a column.
const COMPARING: [&str; 18] = [
    "select", "insert", "update", "delete", "merge", "with", "values", "perform", "if", "elsif", "elseif", "while",
    "case", "when", "return", "exit", "continue", "assert",
];

impl<'a> Text<'a> {
    /// The value of the string here.
    pub(super) fn says(&self, at: usize) -> Cow<'a, str> {
        let uescape = self.is_one_of(at + 1, &["uescape"]) && self.kind(at + 2) == Some(TokenKind::String);
        let escape = uescape
            .then(|| says(self.written(at + 2), '\\').chars().next())
            .flatten();
        says(self.written(at), escape.unwrap_or('\\'))
    }

    /// Whether the text contains something that may read any of its strings as a schema's name.
    pub(super) fn takes_names(&self) -> bool {
        // PostgreSQL writes `"current_schema"()`.
        let is_such = |name: &str| TAKE_NAMES.contains(&name) || name.starts_with("to_reg") || name.starts_with("reg");
        (0..self.len()).any(|at| self.is_label(at) && is_such(&self.name(at)))
    }

    /// Whether PostgreSQL deparsed a constant of an object's type here, such as `'t'::regclass`, which is stored as an
    /// OID.
    pub(super) fn is_bound(&self, at: usize) -> bool {
        self.kind(at + 1) == Some(TokenKind::Cast)
            && matches!(self.kind(at + 2), Some(TokenKind::Word(_)))
            && self.written(at + 2).starts_with("reg")
    }

    /// Whether the string is the message of a `RAISE`.
    pub(super) fn is_message(&self, at: usize) -> bool {
        const LEVELS: [&str; 6] = ["debug", "log", "info", "notice", "warning", "exception"];
        self.is_behind(at, &["raise"]) || self.is_behind(at, &LEVELS) && self.is_behind(at - 1, &["raise"])
    }

    /// Whether another text is appended to the string.
    pub(super) fn is_joined(&self, at: usize) -> bool {
        self.kind(at + 1) == Some(TokenKind::Operator) && self.written(at + 1) == "||"
    }

    /// Whether the string of a body is only compared, or assigned to a column, and so passed to no function.
    pub(super) fn is_compared(&self, at: usize) -> bool {
        let compares = |at: usize| {
            self.kind(at) == Some(TokenKind::Operator)
                && matches!(self.written(at), "=" | "<>" | "!=" | "<" | ">" | "<=" | ">=")
                || self.is_one_of(at, &["like", "ilike"])
        };
        if compares(self.behind_casts(at + 1)) {
            return true;
        }
        let Some(before) = at.checked_sub(1) else {
            return false;
        };
        if compares(before) {
            // `variable = 'text'` is an assignment.
            self.written(before) != "=" || self.is_one_of(self.first_word(at), &COMPARING)
        } else if self.is_one_of(before, &["from"]) {
            self.is_behind(before, &["distinct"])
        } else if self.is_one_of(before, &["when"]) {
            self.is_one_of(at + 1, &["then"])
        } else {
            self.is_in_list(before)
        }
    }

    /// `IN ('a', 'b'::text, here)`
    fn is_in_list(&self, mut at: usize) -> bool {
        while at > 0
            && (matches!(
                self.kind(at),
                Some(TokenKind::Comma | TokenKind::String | TokenKind::Number | TokenKind::Cast)
            ) || self.kind(at - 1) == Some(TokenKind::Cast))
        {
            at -= 1;
        }
        self.kind(at) == Some(TokenKind::Open) && self.is_behind(at, &["in"])
    }

    fn behind_casts(&self, mut at: usize) -> usize {
        while self.kind(at) == Some(TokenKind::Cast) {
            at += 2;
        }
        at
    }

    /// The beginning of the statement that contains this token.
    fn first_word(&self, at: usize) -> usize {
        let is_end = |at: usize| {
            self.kind(at) == Some(TokenKind::Semicolon)
                || self.is_one_of(at, &["begin", "then", "else", "loop", "declare"]) && !self.is_behind_dot(at)
                || self.kind(at) == Some(TokenKind::Operator) && self.written(at) == ">>"
        };
        (0..at).rev().find(|&at| is_end(at)).map_or(0, |end| end + 1)
    }

    /// Whether the string of a deparsed text is passed to a function or operator that is not PostgreSQL's own.
    pub(super) fn is_argument(&self, at: usize) -> bool {
        if self.open_around(at).any(|open| self.calls_anothers(open)) {
            return true;
        }
        let behind = self.behind_casts(at + 1);
        let before = at.checked_sub(TOKENS_OF_OPERATOR);
        self.is_anothers_operator(behind) || before.is_some_and(|before| self.is_anothers_operator(before))
    }

    /// Whether a function is called here that is not in PostgreSQL's own schema.
    fn calls_anothers(&self, open: usize) -> bool {
        let Some(schema) = open.checked_sub(3) else {
            return false;
        };
        let is_defined = self.is_behind(schema, &["function", "procedure"])
            && !(schema > 1 && self.is_one_of(schema - 2, &["execute"]));
        self.is_label(open - 1) && self.is_behind_dot(open - 1) && self.is_anothers(schema) && !is_defined
    }

    /// `OPERATOR(schema.+)`
    fn is_anothers_operator(&self, at: usize) -> bool {
        self.is_one_of(at, &["operator"]) && self.kind(at + 1) == Some(TokenKind::Open) && self.is_anothers(at + 2)
    }

    fn is_anothers(&self, schema: usize) -> bool {
        self.is_label(schema) && self.name(schema) != "pg_catalog"
    }

    /// Whether a dot and another name follow the name. `takes_names`: whether that other name may be appended at run
    /// time.
    pub(super) fn is_in_front(&self, at: usize, takes_names: bool) -> bool {
        !self.is_behind_dot(at)
            && self.kind(at + 1) == Some(TokenKind::Dot)
            && match self.kind(at + 2) {
                Some(next) => next.is_label(),
                // The beginning of a name that is put together at run time.
                None => takes_names || self.len() == 2 || self.is_relation(at, true),
            }
    }

    /// Whether the name is a schema's by its position, whatever else has that name.
    pub(super) fn is_schemas(&self, at: usize, takes_names: bool, is_sql: bool) -> bool {
        if self.is_behind_dot(at) {
            return false;
        }
        if self.is_on_search_path(at) || self.is_operators(at) {
            return true;
        }
        let is_open_end = self.kind(at + 2).is_none();
        self.is_in_front(at, takes_names)
            && (is_open_end
                || self.is_relation(at, is_sql)
                || matches!(self.kind(at + 3), Some(TokenKind::Open | TokenKind::Dot))
                || self.is_one_of(at + 4, &["rowtype"])
                || at > 0 && self.kind(at - 1) == Some(TokenKind::Cast)
                || self.is_behind(at, &["collate", "as"])
                || self.is_declared_type(at)
                || self.is_one_of(self.first_word(at), &UTILITY))
    }

    fn is_relation(&self, at: usize, is_sql: bool) -> bool {
        if self.is_behind(at, &["into"]) {
            // Elsewhere in PL/pgSQL, `INTO` comes before variables.
            return is_sql || self.is_behind(at - 1, &["insert", "merge"]);
        }
        if self.is_behind(at, &["from"]) {
            return !self.is_behind(at - 1, &["distinct"]) && !self.is_in_call_with_from(at);
        }
        self.is_behind(at, &BEFORE_RELATIONS)
    }

    /// `extract(year FROM here)`
    fn is_in_call_with_from(&self, at: usize) -> bool {
        let functions = ["extract", "substring", "trim", "overlay", "position"];
        self.open_around(at)
            .next()
            .is_some_and(|open| self.is_behind(open, &functions))
    }

    /// The parentheses that are open at a token of the same statement, the innermost first.
    fn open_around(&self, at: usize) -> impl Iterator<Item = usize> {
        let mut depth = 0_usize;
        let of_statement = (0..at)
            .rev()
            .take_while(|&before| self.kind(before) != Some(TokenKind::Semicolon));
        of_statement.filter(move |&before| match self.kind(before) {
            Some(TokenKind::Close) => {
                depth += 1;
                false
            }
            Some(TokenKind::Open) if depth > 0 => {
                depth -= 1;
                false
            }
            kind => kind == Some(TokenKind::Open),
        })
    }

    fn is_operators(&self, at: usize) -> bool {
        at > 1
            && self.kind(at - 1) == Some(TokenKind::Open)
            && self.is_one_of(at - 2, &["operator"])
            && self.kind(at + 1) == Some(TokenKind::Dot)
    }

    /// `DECLARE name here.type`
    fn is_declared_type(&self, at: usize) -> bool {
        let name = if self.is_behind(at, &["constant"]) {
            at.checked_sub(2)
        } else {
            at.checked_sub(1)
        };
        let Some(name) = name.filter(|&name| name > 0 && self.is_label(name)) else {
            return false;
        };
        let section = (0..name).rev().find(|&at| self.is_one_of(at, &["declare", "begin"]));
        self.first_word(at) == name && section.is_some_and(|section| self.is_one_of(section, &["declare"]))
    }

    /// `search_path = a, here` or `search_path TO here`
    fn is_on_search_path(&self, at: usize) -> bool {
        let mut before = at;
        while before > 1 {
            before -= 1;
            match self.kind(before) {
                Some(TokenKind::Comma | TokenKind::String) => {}
                Some(TokenKind::Operator) => {
                    return self.written(before) == "=" && self.is_one_of(before - 1, &["search_path"]);
                }
                Some(_) if self.is_one_of(before, &["to"]) => return self.is_one_of(before - 1, &["search_path"]),
                Some(kind) if kind.is_label() && self.kind(before + 1) == Some(TokenKind::Comma) => {}
                _ => return false,
            }
        }
        false
    }
}
