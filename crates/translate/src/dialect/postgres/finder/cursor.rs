//! The position in the text: the next token, and ways to skip it.

use super::Finder;
use crate::{
    dialect::postgres::{
        keyword::Keyword,
        lexer::{Kind, Token},
    },
    error::Fault,
};

impl<'a> Finder<'a> {
    pub(super) fn sql(&self) -> &'a str {
        self.tokens.sql()
    }

    #[inline]
    pub(super) fn advance(&mut self) -> Result<(), Fault> {
        self.token = self.tokens.next()?;
        Ok(())
    }

    /// The token after the next one.
    pub(super) fn second(&self) -> Result<Token, Fault> {
        self.tokens.ahead(0)
    }

    #[cold]
    pub(super) fn unexpected(&self, reason: &'static str) -> Fault {
        Fault::not_understood(self.token.start as usize, reason)
    }

    pub(super) fn at(&self, keyword: Keyword) -> bool {
        self.token.kind == Kind::Word(keyword)
    }

    /// Whether the next token is this word, in any case of letters. The word must not be a [`Keyword`].
    pub(super) fn at_word(&self, word: &str) -> bool {
        self.word_is(self.token, word)
    }

    pub(super) fn word_is(&self, token: Token, word: &str) -> bool {
        matches!(token.kind, Kind::Word(_)) && self.text(token).eq_ignore_ascii_case(word)
    }

    pub(super) fn text(&self, token: Token) -> &'a str {
        &self.sql()[token.start as usize..token.end as usize]
    }

    pub(super) fn skip_kind(&mut self, kind: Kind) -> Result<bool, Fault> {
        let found = self.token.kind == kind;
        if found {
            self.advance()?;
        }
        Ok(found)
    }

    pub(super) fn skip(&mut self, keyword: Keyword) -> Result<bool, Fault> {
        self.skip_kind(Kind::Word(keyword))
    }

    pub(super) fn skip_word(&mut self, word: &str) -> Result<bool, Fault> {
        let found = self.at_word(word);
        if found {
            self.advance()?;
        }
        Ok(found)
    }

    /// Skips these words, as far as they come next in this order.
    pub(super) fn skip_words(&mut self, words: &[&str]) -> Result<(), Fault> {
        for word in words {
            self.skip_word(word)?;
        }
        Ok(())
    }

    /// Skips `IF EXISTS`, or `IF NOT EXISTS`. A table may be named `if`.
    pub(super) fn skip_existence(&mut self) -> Result<(), Fault> {
        let second = self.second()?;
        if self.at_word("if") && matches!(second.kind, Kind::Word(Keyword::Not | Keyword::Exists)) {
            self.advance()?;
            self.skip(Keyword::Not)?;
            self.expect(Kind::Word(Keyword::Exists), "EXISTS was expected")?;
        }
        Ok(())
    }

    pub(super) fn expect(&mut self, kind: Kind, reason: &'static str) -> Result<(), Fault> {
        if self.skip_kind(kind)? {
            Ok(())
        } else {
            Err(self.unexpected(reason))
        }
    }

    /// Skips balanced parentheses, if they come next, without reading what is inside.
    pub(super) fn skip_parens(&mut self) -> Result<bool, Fault> {
        if self.token.kind != Kind::Open {
            return Ok(false);
        }
        let mut depth = 0usize;
        loop {
            match self.token.kind {
                Kind::Open => depth += 1,
                Kind::Close => depth -= 1,
                Kind::End => return Err(self.unexpected("a closing parenthesis was expected")),
                _ => {}
            }
            self.advance()?;
            if depth == 0 {
                return Ok(true);
            }
        }
    }
}
