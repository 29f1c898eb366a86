//! Tokens cut ahead of their reading.

use super::{Fault, Kind, Lexer, Text, Token};

/// The tokens of a text, cut in batches: that costs less than one call for each, and to look ahead costs next to nothing.
pub(crate) struct Tokens<'a> {
    lexer: Lexer<'a>,
    cut: Vec<Token>,
    /// How many of those have been taken.
    taken: usize,
}

impl<'a> Tokens<'a> {
    /// More than most statements have.
    const BATCH: usize = 256;

    pub(crate) fn new(sql: &'a str) -> Result<Self, Fault> {
        Ok(Self {
            lexer: Lexer::new(sql)?,
            cut: Vec::new(),
            taken: 0,
        })
    }

    pub(crate) fn sql(&self) -> &'a str {
        self.lexer.sql()
    }

    /// Takes the next token.
    #[inline]
    pub(crate) fn next(&mut self) -> Result<Token, Fault> {
        if self.taken == self.cut.len() {
            self.cut_batch()?;
        }
        let token = self.cut[self.taken];
        self.taken += 1;
        Ok(token)
    }

    /// The token `distance` behind the next one.
    #[inline]
    pub(crate) fn ahead(&self, distance: usize) -> Result<Token, Fault> {
        let index = self.taken + distance;
        match self.cut.get(index) {
            Some(&token) => Ok(token),
            None => self.behind_cut(index - self.cut.len()),
        }
    }

    /// How many tokens have been taken, for [`Tokens::go_back`].
    pub(crate) fn taken(&self) -> usize {
        self.taken
    }

    pub(crate) fn go_back(&mut self, taken: usize) {
        self.taken = taken;
    }

    /// Forgets the tokens that have been taken, once they are many, so that a long text takes no more memory than a short one.
    #[inline]
    pub(crate) fn forget(&mut self) {
        if self.taken >= Self::BATCH {
            self.cut.drain(..self.taken);
            self.taken = 0;
        }
    }

    /// Cuts a batch of tokens, or those before a fault: the lexer stays there, and will report it again.
    #[cold]
    #[inline(never)]
    fn cut_batch(&mut self) -> Result<(), Fault> {
        let text = Text(self.lexer.sql.as_bytes());
        let mut at = self.lexer.at;
        let before = self.cut.len();
        if before == self.cut.capacity() {
            self.cut.reserve(Self::BATCH);
        }
        while self.cut.len() < self.cut.capacity() {
            match text.token(at) {
                Ok((kind, start, end)) => {
                    self.cut.push(Token::new(kind, start, end));
                    at = end;
                    if kind == Kind::End {
                        break;
                    }
                }
                Err(fault) if self.cut.len() == before => return Err(fault),
                Err(_) => break,
            }
        }
        self.lexer.at = at;
        Ok(())
    }

    #[cold]
    #[inline(never)]
    fn behind_cut(&self, distance: usize) -> Result<Token, Fault> {
        let mut lexer = self.lexer;
        for _ in 0..distance {
            lexer.next()?;
        }
        lexer.next()
    }
}
