//! The position in the text: the next token, and ways to skip it.

use super::{
    Finder, Read,
    keyword::Keyword,
    token::{Kind, Token},
};
use crate::error::Fault;

impl<'a> Finder<'a> {
    /// How deep brackets may be nested. Both servers refuse far deeper texts too, for want of stack.
    const DEEPEST: u32 = 150;

    pub(super) fn token(&self) -> Token {
        self.tokens[self.at]
    }

    pub(super) fn kind(&self) -> Kind {
        self.token().kind
    }

    /// The kind of the token `distance` tokens after the next one.
    pub(super) fn ahead(&self, distance: usize) -> Kind {
        self.tokens
            .get(self.at + distance)
            .map_or(Kind::End, |token| token.kind)
    }

    pub(super) fn text(&self, token: Token) -> &'a str {
        &self.sql[token.start as usize..token.end as usize]
    }

    /// Takes the next token. The end is never passed.
    pub(super) fn advance(&mut self) -> Token {
        let token = self.token();
        if token.kind != Kind::End {
            self.at += 1;
        }
        token
    }

    #[cold]
    pub(super) fn unexpected(&self, reason: &'static str) -> Fault {
        self.unexpected_at(self.token(), reason)
    }

    #[cold]
    pub(super) fn unexpected_at(&self, token: Token, reason: &'static str) -> Fault {
        Fault::not_understood(token.start as usize, reason)
    }

    pub(super) fn is(&self, keyword: Keyword) -> bool {
        self.kind() == Kind::Word(keyword)
    }

    pub(super) fn is_ahead(&self, distance: usize, keyword: Keyword) -> bool {
        self.ahead(distance) == Kind::Word(keyword)
    }

    /// Whether the next token is one of these words.
    pub(super) fn is_any(&self, keywords: &[Keyword]) -> bool {
        matches!(self.kind(), Kind::Word(keyword) if keywords.contains(&keyword))
    }

    pub(super) fn skip_kind(&mut self, kind: Kind) -> bool {
        let found = self.kind() == kind;
        if found {
            self.advance();
        }
        found
    }

    pub(super) fn skip(&mut self, keyword: Keyword) -> bool {
        self.skip_kind(Kind::Word(keyword))
    }

    pub(super) fn skip_any(&mut self, keywords: &[Keyword]) -> bool {
        let found = self.is_any(keywords);
        if found {
            self.advance();
        }
        found
    }

    /// Skips as many of these words as come next.
    pub(super) fn skip_all(&mut self, keywords: &[Keyword]) {
        while self.skip_any(keywords) {}
    }

    pub(super) fn expect_kind(&mut self, kind: Kind, reason: &'static str) -> Read {
        if self.skip_kind(kind) {
            Ok(())
        } else {
            Err(self.unexpected(reason))
        }
    }

    pub(super) fn expect(&mut self, keyword: Keyword, reason: &'static str) -> Read {
        self.expect_kind(Kind::Word(keyword), reason)
    }

    pub(super) fn open(&mut self) -> Read {
        self.expect_kind(Kind::Open, "an opening parenthesis was expected")
    }

    pub(super) fn close(&mut self) -> Read {
        self.expect_kind(Kind::Close, "a closing parenthesis was expected")
    }

    /// Whether the next token is the operator `=`.
    pub(super) fn at_equals(&self) -> bool {
        self.kind() == Kind::Operator && self.text(self.token()) == "="
    }

    pub(super) fn skip_equals(&mut self) -> bool {
        let found = self.at_equals();
        if found {
            self.advance();
        }
        found
    }

    /// Takes a name that is no relation's: an alias, a column, a window.
    pub(super) fn label(&mut self) -> Result<Token, Fault> {
        if self.kind().is_name() {
            Ok(self.advance())
        } else {
            Err(self.unexpected("a name was expected"))
        }
    }

    /// `name, …`
    pub(super) fn label_list(&mut self) -> Read {
        self.label()?;
        while self.skip_kind(Kind::Comma) {
            self.label()?;
        }
        Ok(())
    }

    /// `(name, …)`, if it comes next.
    pub(super) fn optional_labels(&mut self) -> Read {
        if !self.skip_kind(Kind::Open) {
            return Ok(());
        }
        self.label_list()?;
        self.close()
    }

    /// `IF EXISTS`, or `IF NOT EXISTS`.
    pub(super) fn skip_existence(&mut self) {
        if self.skip(Keyword::If) {
            self.skip(Keyword::Not);
            self.skip(Keyword::Exists);
        }
    }

    /// Skips balanced parentheses without reading what is inside.
    pub(super) fn skip_parens(&mut self) -> Read {
        self.open()?;
        let mut depth = 1usize;
        while depth > 0 {
            match self.kind() {
                Kind::Open => depth += 1,
                Kind::Close => depth -= 1,
                Kind::End => return Err(self.unexpected("a closing parenthesis was expected")),
                Kind::Word(Keyword::Select) => return Err(self.unexpected("no query was expected here")),
                _ => {}
            }
            self.advance();
        }
        Ok(())
    }

    /// Skips the rest of a statement whose rest can't name a relation.
    pub(super) fn skip_statement(&mut self) -> Read {
        while !self.at_statement_end() {
            match self.kind() {
                Kind::Open => self.skip_parens()?,
                Kind::Close => return Err(self.unexpected("an unbalanced parenthesis")),
                Kind::Word(Keyword::Select) => return Err(self.unexpected("no query was expected here")),
                _ => drop(self.advance()),
            }
        }
        Ok(())
    }

    pub(super) fn at_statement_end(&self) -> bool {
        matches!(self.kind(), Kind::Semicolon | Kind::End)
    }

    /// Reads what is nested, if it is not nested too deeply.
    pub(super) fn nested(&mut self, read: impl FnOnce(&mut Self) -> Read) -> Read {
        if self.depth == Self::DEEPEST {
            return Err(self.unexpected("brackets are nested too deeply"));
        }
        self.depth += 1;
        read(self)?;
        self.depth -= 1;
        Ok(())
    }
}
