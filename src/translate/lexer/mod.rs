//! SQL text to tokens, by PostgreSQL's lexical rules (with `standard_conforming_strings` on, its default since 9.1).
//!
//! A token is a kind and a span; nothing is copied, folded or decoded here. White space, `-- comments` and `/* nested /* comments */ */` are
//! skipped.

mod literal;
#[cfg(test)]
mod tests;

use super::{
    error::{Fault, POISON},
    keyword::Keyword,
};
use crate::name::MAX_NAME_BYTES;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// An unquoted identifier or keyword.
    Word(Keyword),
    /// `"…"`
    Quoted,
    /// `U&"…"`, together with the `UESCAPE '…'` that may follow.
    UnicodeQuoted,
    /// A string of any kind: `'…'`, `E'…'`, `B'…'`, `X'…'`, `N'…'`, `U&'…'`, `$tag$…$tag$`.
    String,
    Number,
    /// `$1`
    Parameter,
    Operator,
    Star,
    /// `::`
    Cast,
    Colon,
    Dot,
    Comma,
    Semicolon,
    Open,
    Close,
    OpenBracket,
    CloseBracket,
    End,
}

impl Kind {
    /// Whether the token may name something: a word (reserved or not) or a quoted identifier.
    pub(crate) fn is_label(self) -> bool {
        matches!(self, Self::Word(_) | Self::Quoted | Self::UnicodeQuoted)
    }

    /// Whether the token may name a table: a quoted identifier, or a word that is not reserved.
    pub(crate) fn is_name(self) -> bool {
        match self {
            Self::Word(keyword) => keyword.is_name(),
            kind => kind.is_label(),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) start: u32,
    pub(crate) end: u32,
}

#[derive(Clone, Copy)]
pub(crate) struct Lexer<'a> {
    sql: &'a str,
    at: usize,
}

/// What a byte begins.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd)]
#[repr(u8)]
enum Class {
    // These three go on in a word.
    Letter,
    Digit,
    Dollar,
    Space,
    DoubleQuote,
    Quote,
    Dot,
    Comma,
    Open,
    Close,
    Operator,
    Colon,
    OpenBracket,
    CloseBracket,
    Semicolon,
    Invalid,
}

const CLASSES: [Class; 256] = {
    let mut classes = [Class::Invalid; 256];
    let mut byte = 0;
    while byte < 256 {
        classes[byte] = match byte as u8 {
            b'a'..=b'z' | b'A'..=b'Z' | b'_' | 0x80..=0xff => Class::Letter,
            b'0'..=b'9' => Class::Digit,
            b'$' => Class::Dollar,
            b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c => Class::Space,
            b'"' => Class::DoubleQuote,
            b'\'' => Class::Quote,
            b'.' => Class::Dot,
            b',' => Class::Comma,
            b'(' => Class::Open,
            b')' => Class::Close,
            b'~' | b'!' | b'@' | b'#' | b'^' | b'&' | b'|' | b'`' | b'?' => Class::Operator,
            b'+' | b'-' | b'*' | b'/' | b'%' | b'<' | b'>' | b'=' => Class::Operator,
            b':' => Class::Colon,
            b'[' => Class::OpenBracket,
            b']' => Class::CloseBracket,
            b';' => Class::Semicolon,
            _ => Class::Invalid,
        };
        byte += 1;
    }
    classes
};

fn class(byte: u8) -> Class {
    CLASSES[byte as usize]
}

pub(super) fn continues_word(byte: u8) -> bool {
    class(byte) <= Class::Dollar
}

impl<'a> Lexer<'a> {
    /// PostgreSQL takes at most 1 GB in one message; more would not fit the offsets.
    const LONGEST_TEXT: usize = 1 << 30;

    pub(crate) fn new(sql: &'a str) -> Result<Self, Fault> {
        if sql.len() > Self::LONGEST_TEXT {
            return Err(Fault::not_understood(0, "a text of more than a gigabyte"));
        }
        // All bytes at once: the search for one stops to look at each.
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

    fn byte(&self, at: usize) -> u8 {
        // No text holds a NUL, so that it can stand for the end.
        self.sql.as_bytes().get(at).copied().unwrap_or(0)
    }

    /// The next token; [`Kind::End`] at the end of the text, again and again.
    ///
    /// Called for every token, so that what few texts have is kept out of line: it would cost registers.
    pub(crate) fn next(&mut self) -> Result<Token, Fault> {
        let (start, kind) = loop {
            let start = self.at;
            let Some(&first) = self.sql.as_bytes().get(start) else {
                break (start, Kind::End);
            };
            let kind = match class(first) {
                Class::Space => {
                    self.at += 1;
                    continue;
                }
                Class::Operator if first == b'-' && self.byte(start + 1) == b'-' => {
                    self.skip_line();
                    continue;
                }
                Class::Operator if first == b'/' && self.byte(start + 1) == b'*' => {
                    self.skip_block_comment()?;
                    continue;
                }
                Class::Letter => self.word_or_prefixed(first)?,
                Class::DoubleQuote => self.quoted(start)?,
                Class::Dot if class(self.byte(start + 1)) == Class::Digit => self.number(),
                Class::Dot => self.single(Kind::Dot),
                Class::Comma => self.single(Kind::Comma),
                Class::Open => self.single(Kind::Open),
                Class::Close => self.single(Kind::Close),
                Class::Operator => self.operator(),
                Class::Dollar => self.dollar()?,
                Class::Digit => self.number(),
                Class::Quote => self.string(start, false)?,
                Class::Colon if self.byte(start + 1) == b':' => {
                    self.at += 2;
                    Kind::Cast
                }
                Class::Colon => self.single(Kind::Colon),
                Class::OpenBracket => self.single(Kind::OpenBracket),
                Class::CloseBracket => self.single(Kind::CloseBracket),
                Class::Semicolon => self.single(Kind::Semicolon),
                Class::Invalid if first == POISON.as_bytes()[0] => return Err(Fault::nested(start)),
                Class::Invalid => return Err(Fault::not_understood(start, "a character that begins no SQL token")),
            };
            break (start, kind);
        };
        Ok(Token {
            kind,
            start: start as u32,
            end: self.at as u32,
        })
    }

    fn single(&mut self, kind: Kind) -> Kind {
        self.at += 1;
        kind
    }

    fn skip_space(&mut self) -> Result<(), Fault> {
        loop {
            match self.byte(self.at) {
                byte if class(byte) == Class::Space => self.at += 1,
                b'-' if self.byte(self.at + 1) == b'-' => self.skip_line(),
                b'/' if self.byte(self.at + 1) == b'*' => self.skip_block_comment()?,
                _ => return Ok(()),
            }
        }
    }

    #[inline(never)]
    fn skip_line(&mut self) {
        let rest = &self.sql.as_bytes()[self.at..];
        self.at += rest
            .iter()
            .position(|byte| matches!(byte, b'\n' | b'\r'))
            .unwrap_or(rest.len());
    }

    #[inline(never)]
    fn skip_block_comment(&mut self) -> Result<(), Fault> {
        let start = self.at;
        let mut depth = 0;
        loop {
            match (self.byte(self.at), self.byte(self.at + 1)) {
                (b'/', b'*') => (depth, self.at) = (depth + 1, self.at + 2),
                (b'*', b'/') if depth == 1 => {
                    self.at += 2;
                    return Ok(());
                }
                (b'*', b'/') => (depth, self.at) = (depth - 1, self.at + 2),
                _ if self.at >= self.sql.len() => return Err(Fault::unterminated(start, "comment")),
                _ => self.at += 1,
            }
        }
    }

    /// A word, or a string or identifier with a letter in front: `E'`, `B'`, `X'`, `N'`, `U&'`, `U&"`.
    fn word_or_prefixed(&mut self, first: u8) -> Result<Kind, Fault> {
        let start = self.at;
        match (self.byte(start + 1), first | 0x20) {
            (b'\'', b'e') => return self.string(start + 1, true),
            (b'\'', b'b' | b'x' | b'n') => return self.string(start + 1, false),
            (b'&', b'u') => match self.byte(start + 2) {
                b'\'' => return self.string(start + 2, false),
                b'"' => return self.unicode_quoted(start + 2),
                _ => {}
            },
            _ => {}
        }
        let bytes = self.sql.as_bytes();
        let mut end = start + 1;
        while end < bytes.len() && continues_word(bytes[end]) {
            end += 1;
        }
        self.at = end;
        Ok(Kind::Word(Keyword::of(&bytes[start..end])))
    }

    /// `"…"`, in which `""` stands for a quote.
    fn quoted(&mut self, quote: usize) -> Result<Kind, Fault> {
        let bytes = self.sql.as_bytes();
        let mut at = quote + 1;
        loop {
            let Some(length) = bytes[at..].iter().position(|&byte| byte == b'"') else {
                return Err(Fault::unterminated(quote, "quoted identifier"));
            };
            at += length + 1;
            if self.byte(at) != b'"' {
                break;
            }
            at += 1;
        }
        if at == quote + 2 {
            return Err(Fault::not_understood(quote, "an empty identifier"));
        }
        self.at = at;
        Ok(Kind::Quoted)
    }

    /// `U&"…"` and the `UESCAPE '…'` that belongs to it.
    #[inline(never)]
    fn unicode_quoted(&mut self, quote: usize) -> Result<Kind, Fault> {
        const UESCAPE: &[u8] = b"uescape";
        self.quoted(quote)?;
        let mut ahead = *self;
        ahead.skip_space()?;
        let word = ahead
            .sql
            .as_bytes()
            .get(ahead.at..ahead.at + UESCAPE.len())
            .unwrap_or_default();
        if word.eq_ignore_ascii_case(UESCAPE) {
            ahead.at += UESCAPE.len();
            ahead.skip_space()?;
            if ahead.byte(ahead.at) == b'\'' {
                ahead.string(ahead.at, false)?;
                self.at = ahead.at;
            }
        }
        Ok(Kind::UnicodeQuoted)
    }

    /// An operator: as many of its characters as follow, but a comment ends it, and so does a trailing `+` or `-` unless one of `~!@#^&|?%` and
    /// the backtick is part of it (so that `=-1` is two tokens). None is longer than a name: without that limit a long row of signs, each
    /// an operator of its own, would be looked at again and again.
    #[inline(never)]
    fn operator(&mut self) -> Kind {
        let bytes = self.sql.as_bytes();
        let start = self.at;
        let mut end = start;
        while end < bytes.len() && end - start <= MAX_NAME_BYTES && class(bytes[end]) == Class::Operator {
            if matches!((bytes[end], self.byte(end + 1)), (b'-', b'-') | (b'/', b'*')) {
                break;
            }
            end += 1;
        }
        let keeps_sign = |byte: &u8| b"~!@#^&|`?%".contains(byte);
        if end - start > 1 && !bytes[start..end].iter().any(keeps_sign) {
            while end - start > 1 && matches!(bytes[end - 1], b'+' | b'-') {
                end -= 1;
            }
        }
        self.at = end;
        if &bytes[start..end] == b"*" {
            Kind::Star
        } else {
            Kind::Operator
        }
    }
}
