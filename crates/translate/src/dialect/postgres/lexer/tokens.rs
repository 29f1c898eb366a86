//! Tokens, cut before they are read.

use super::{Fault, Kind, Lexer, Text, Token};

/// The tokens of a text, cut in batches. That costs less than one call for each token, and makes looking ahead nearly
/// free.
pub(crate) struct Tokens<'a> {
    lexer: Lexer<'a>,
    cut: Vec<Token>,
    /// How many of the kept tokens have been taken.
    taken: usize,
}

impl<'a> Tokens<'a> {
    /// The number of tokens in a batch: more than most statements have.
    const BATCH: usize = 256;

    pub(crate) fn new(sql: &'a str, cut: Vec<Token>) -> Result<Self, Fault> {
        Ok(Self {
            lexer: Lexer::new(sql)?,
            cut,
            taken: 0,
        })
    }

    pub(crate) fn sql(&self) -> &'a str {
        self.lexer.sql()
    }

    /// Returns the memory of the tokens, for another text.
    pub(crate) fn into_buffer(self) -> Vec<Token> {
        self.cut
    }

    /// Takes the next token.
    #[inline]
    pub(crate) fn next(&mut self) -> Result<Token, Fault> {
        let token = match self.cut.get(self.taken) {
            Some(&token) => token,
            None => self.cut_batch()?,
        };
        self.taken += 1;
        Ok(token)
    }

    /// The token `distance` tokens after the next one.
    #[inline]
    pub(crate) fn ahead(&self, distance: usize) -> Result<Token, Fault> {
        let index = self.taken + distance;
        match self.cut.get(index) {
            Some(&token) => Ok(token),
            None => self.after_cut(index - self.cut.len()),
        }
    }

    /// How many tokens have been taken, for [`Tokens::get`] and [`Tokens::go_back`].
    pub(crate) fn taken(&self) -> usize {
        self.taken
    }

    /// The token that was taken after `index` others. It must not be forgotten yet.
    #[inline]
    pub(crate) fn get(&self, index: usize) -> Token {
        self.cut[index]
    }

    /// Goes back to the place where `taken` tokens had been taken.
    pub(crate) fn go_back(&mut self, taken: usize) {
        self.taken = taken;
    }

    /// The token before the one taken last.
    pub(crate) fn before(&self) -> Option<Token> {
        self.cut.get(self.taken.checked_sub(2)?).copied()
    }

    /// Forgets the tokens taken before the last two, once they are many, so that a long text takes no more memory than
    /// a short one.
    ///
    /// This waits until they are half of all tokens; otherwise the tokens after them would be moved again and again.
    #[inline]
    pub(crate) fn forget(&mut self) {
        if self.taken >= Self::BATCH.max(self.cut.len() / 2) {
            self.cut.drain(..self.taken - 2);
            self.taken = 2;
        }
    }

    /// Cuts a batch of tokens, and returns the first.
    ///
    /// A fault ends the batch. It is reported when a token is needed from there, where the lexer finds the fault again.
    #[cold]
    #[inline(never)]
    fn cut_batch(&mut self) -> Result<Token, Fault> {
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
        Ok(self.cut[before])
    }

    /// The token `distance` tokens after the first one that is not cut yet.
    #[cold]
    #[inline(never)]
    fn after_cut(&self, distance: usize) -> Result<Token, Fault> {
        let mut lexer = self.lexer;
        for _ in 0..distance {
            lexer.next()?;
        }
        lexer.next()
    }
}

/// All tokens of a text, without the end token. `None` if the text can't be cut into tokens.
pub fn tokens(sql: &str) -> Option<Vec<Token>> {
    let mut lexer = Lexer::new(sql).ok()?;
    let mut tokens = Vec::new();
    loop {
        match lexer.next().ok()? {
            Token { kind: Kind::End, .. } => return Some(tokens),
            token => tokens.push(token),
        }
    }
}
