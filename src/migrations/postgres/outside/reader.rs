use crate::translate::{Token, TokenKind};

/// Reads a statement, token by token.
pub(super) struct Reader<'a> {
    pub(super) sql: &'a str,
    pub(super) tokens: &'a [Token],
    pub(super) at: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(sql: &'a str, tokens: &'a [Token]) -> Self {
        Self { sql, tokens, at: 0 }
    }

    pub(super) fn peek(&self) -> Option<Token> {
        self.tokens.get(self.at).copied()
    }

    pub(super) fn peek_word(&self) -> String {
        self.peek().map_or_else(String::new, |token| word(self.sql, token))
    }

    pub(super) fn next_word(&mut self) -> String {
        let word = self.peek_word();
        self.at += 1;
        word
    }

    pub(super) fn skip(&mut self, words: &[&str]) {
        while words.contains(&&*self.peek_word()) {
            self.at += 1;
        }
    }

    /// Moves past the next such word outside parentheses, or to the end if there is none.
    pub(super) fn past(&mut self, wanted: &str) {
        let mut depth = 0usize;
        while let Some(token) = self.peek() {
            self.at += 1;
            match token.kind {
                TokenKind::Open => depth += 1,
                TokenKind::Close => depth = depth.saturating_sub(1),
                _ if depth == 0 && word(self.sql, token) == wanted => return,
                _ => {}
            }
        }
    }

    /// The parts of a dotted name; operators have names as well.
    pub(super) fn dotted(&mut self) -> Vec<Token> {
        let mut parts = Vec::new();
        while let Some(token) = self.peek() {
            if token.kind == TokenKind::Open {
                break;
            }
            parts.push(token);
            self.at += 1;
            if self.peek().is_none_or(|token| token.kind != TokenKind::Dot) {
                break;
            }
            self.at += 1;
        }
        parts
    }
}

/// An unquoted word, in lower case.
pub(super) fn word(sql: &str, token: Token) -> String {
    match token.kind {
        TokenKind::Word(_) => sql[token.start as usize..token.end as usize].to_ascii_lowercase(),
        _ => String::new(),
    }
}
