//! Cuts SQL text into tokens, by PostgreSQL's lexical rules (with `standard_conforming_strings` on, its default since
//! 9.1).
//!
//! A token is a kind and a span; nothing is copied, folded or decoded here. White space, `-- comments` and `/* nested
//! /* comments */ */` are skipped.
//!
//! Each rule stands in the file of its token: `literal` has strings, numbers and parameters, `name` words and quoted
//! names, `operator` operators, `space` what is skipped. `class` says which byte begins what, `token` calls the rule.

mod class;
mod literal;
mod name;
mod operator;
mod prefix;
mod space;
#[cfg(test)]
mod tests;
mod token;
mod tokens;

pub(crate) use class::continues_word;
pub(crate) use tokens::Tokens;
pub use tokens::tokens;

pub use super::{
    identifier::name as identifier_name,
    string::{content as string_content, dollar_content},
};

use super::keyword::Keyword;
use crate::error::Fault;
use token::Text;

/// The kind of a token.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// An unquoted identifier or keyword.
    Word(Keyword),
    /// `"…"` without a quote inside: the name is the text between the quotes.
    Quoted,
    /// `"…""…"`, or `U&"…"` with the `UESCAPE '…'` that may follow: the name has to be decoded.
    Encoded,
    /// A string of any kind: `'…'`, `E'…'`, `B'…'`, `X'…'`, `N'…'`, `U&'…'`, `$tag$…$tag$`.
    String,
    /// `1`, `0x1F`, `1.5e3`
    Number,
    /// `$1`
    Parameter,
    /// `=`, `||`, `->>` and everything else made of operator characters.
    Operator,
    /// `*`
    Star,
    /// `::`
    Cast,
    /// `:`
    Colon,
    /// `.`
    Dot,
    /// `,`
    Comma,
    /// `;`
    Semicolon,
    /// `(`
    Open,
    /// `)`
    Close,
    /// `[`
    OpenBracket,
    /// `]`
    CloseBracket,
    /// The end of the text.
    End,
}

impl Kind {
    /// Whether the token may name something: a word (reserved or not) or a quoted identifier.
    pub fn is_label(self) -> bool {
        matches!(self, Self::Word(_) | Self::Quoted | Self::Encoded)
    }

    /// Whether the token may name a table: a quoted identifier, or a word that is not reserved.
    pub fn is_name(self) -> bool {
        match self {
            Self::Word(keyword) => keyword.is_name(),
            kind => kind.is_label(),
        }
    }
}

/// A token: its kind, and its place in the text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Token {
    /// The kind.
    pub kind: Kind,
    /// Byte offset of its beginning.
    pub start: u32,
    /// Byte offset just after its end.
    pub end: u32,
}

impl Token {
    fn new(kind: Kind, start: usize, end: usize) -> Self {
        Self {
            kind,
            start: start as u32,
            end: end as u32,
        }
    }
}

/// Cuts a text into tokens, one after another.
#[derive(Clone, Copy)]
pub(crate) struct Lexer<'a> {
    sql: &'a str,
    at: usize,
}

impl<'a> Lexer<'a> {
    /// The longest text, in bytes. PostgreSQL takes at most 1 GB in one message, and more would not fit the offsets.
    const LONGEST_TEXT: usize = 1 << 30;

    pub(crate) fn new(sql: &'a str) -> Result<Self, Fault> {
        if sql.len() > Self::LONGEST_TEXT {
            return Err(Fault::not_understood(0, "a text of more than a gigabyte"));
        }
        // All bytes are combined without a branch: a search that can stop early would test each byte on its own.
        if !sql.bytes().fold(false, |found, byte| found | (byte == 0)) {
            return Ok(Self { sql, at: 0 });
        }
        let nul = sql.find('\0').unwrap_or_default();
        Err(Fault::not_understood(
            nul,
            "a NUL, which no text sent to PostgreSQL can hold",
        ))
    }

    pub(crate) fn sql(&self) -> &'a str {
        self.sql
    }

    /// The next token; [`Kind::End`] at the end of the text. At a fault, every call returns the same fault.
    pub(crate) fn next(&mut self) -> Result<Token, Fault> {
        let (kind, start, end) = Text(self.sql.as_bytes()).token(self.at)?;
        self.at = end;
        Ok(Token::new(kind, start, end))
    }
}
