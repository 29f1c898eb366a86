use std::borrow::Cow;

use crate::translate::{Token, TokenKind, identifier_name, tokens};

/// A text, cut into tokens.
pub(super) struct Text<'a> {
    sql: &'a str,
    tokens: Vec<Token>,
}

impl<'a> Text<'a> {
    pub(super) fn of(sql: &'a str) -> Option<Self> {
        tokens(sql).map(|tokens| Self { sql, tokens })
    }

    pub(super) fn sql(&self) -> &'a str {
        self.sql
    }

    pub(super) fn len(&self) -> usize {
        self.tokens.len()
    }

    pub(super) fn kind(&self, at: usize) -> Option<TokenKind> {
        self.tokens.get(at).map(|token| token.kind)
    }

    pub(super) fn written(&self, at: usize) -> &'a str {
        let Token { start, end, .. } = self.tokens[at];
        &self.sql[start as usize..end as usize]
    }

    pub(super) fn start(&self, at: usize) -> usize {
        self.tokens[at].start as usize
    }

    pub(super) fn end(&self, at: usize) -> usize {
        self.tokens[at].end as usize
    }

    pub(super) fn name(&self, at: usize) -> Cow<'a, str> {
        identifier_name(self.sql, self.tokens[at])
    }

    pub(super) fn is_word(&self, at: usize, word: &str) -> bool {
        self.is_one_of(at, &[word])
    }

    pub(super) fn is_one_of(&self, at: usize, words: &[&str]) -> bool {
        matches!(self.kind(at), Some(TokenKind::Word(_)))
            && words.iter().any(|word| self.written(at).eq_ignore_ascii_case(word))
    }

    /// Whether one of these words comes before.
    pub(super) fn is_behind(&self, at: usize, words: &[&str]) -> bool {
        at > 0 && self.is_one_of(at - 1, words)
    }

    pub(super) fn is_label(&self, at: usize) -> bool {
        self.kind(at).is_some_and(TokenKind::is_label)
    }

    pub(super) fn is_behind_dot(&self, at: usize) -> bool {
        at > 0 && self.kind(at - 1) == Some(TokenKind::Dot)
    }

    /// Whether a table, an alias, a record or a parameter may have the name: the name occurs somewhere without a dot.
    pub(super) fn may_be_alias(&self, name: &str) -> bool {
        matches!(name, "new" | "old" | "excluded")
            || (0..self.len()).any(|at| {
                self.is_label(at)
                    && (self.kind(at + 1) != Some(TokenKind::Dot) || self.is_behind_dot(at))
                    && self.name(at) == name
            })
    }
}
