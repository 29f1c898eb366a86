//! SQL text to tokens, by PostgreSQL's lexical rules (with `standard_conforming_strings` on, its default since 9.1).
//!
//! A token is a kind and a span; nothing is copied, folded or decoded here. White space and comments are skipped.

use super::{
    error::{Fault, FaultKind},
    keyword::Keyword,
};

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
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Class {
    Space,
    Letter,
    Digit,
    Dollar,
    Quote,
    DoubleQuote,
    Operator,
    Dot,
    Colon,
    Punctuation,
    Invalid,
}

const CLASSES: [Class; 256] = {
    let mut classes = [Class::Invalid; 256];
    let mut byte = 0;
    while byte < 256 {
        classes[byte] = match byte as u8 {
            b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c => Class::Space,
            b'a'..=b'z' | b'A'..=b'Z' | b'_' | 0x80..=0xff => Class::Letter,
            b'0'..=b'9' => Class::Digit,
            b'$' => Class::Dollar,
            b'\'' => Class::Quote,
            b'"' => Class::DoubleQuote,
            b'~' | b'!' | b'@' | b'#' | b'^' | b'&' | b'|' | b'`' | b'?' => Class::Operator,
            b'+' | b'-' | b'*' | b'/' | b'%' | b'<' | b'>' | b'=' => Class::Operator,
            b'.' => Class::Dot,
            b':' => Class::Colon,
            b',' | b';' | b'(' | b')' | b'[' | b']' => Class::Punctuation,
            _ => Class::Invalid,
        };
        byte += 1;
    }
    classes
};

fn class(byte: u8) -> Class {
    CLASSES[byte as usize]
}

fn continues_word(byte: u8) -> bool {
    matches!(class(byte), Class::Letter | Class::Digit | Class::Dollar)
}

impl<'a> Lexer<'a> {
    /// PostgreSQL takes at most 1 GB in one message; more would not fit the offsets.
    const LONGEST_TEXT: usize = 1 << 30;

    pub(crate) fn new(sql: &'a str) -> Result<Self, Fault> {
        if sql.len() > Self::LONGEST_TEXT {
            return Err(Fault::not_understood(0, "a text of more than a gigabyte"));
        }
        Ok(Self { sql, at: 0 })
    }

    pub(crate) fn sql(&self) -> &'a str {
        self.sql
    }

    fn byte(&self, at: usize) -> u8 {
        // NUL is no part of any token, and so marks the end as well.
        self.sql.as_bytes().get(at).copied().unwrap_or(0)
    }

    /// The next token; [`Kind::End`] at the end of the text, again and again.
    pub(crate) fn next(&mut self) -> Result<Token, Fault> {
        self.skip_space()?;
        let start = self.at;
        let Some(&first) = self.sql.as_bytes().get(start) else {
            return Ok(self.token(Kind::End, start));
        };
        let kind = match class(first) {
            Class::Letter => self.word_or_prefixed(first)?,
            Class::DoubleQuote => self.quoted(start)?,
            Class::Punctuation => {
                self.at += 1;
                match first {
                    b',' => Kind::Comma,
                    b'(' => Kind::Open,
                    b')' => Kind::Close,
                    b'[' => Kind::OpenBracket,
                    b']' => Kind::CloseBracket,
                    _ => Kind::Semicolon,
                }
            }
            Class::Dot if class(self.byte(start + 1)) == Class::Digit => self.number(),
            Class::Dot => {
                self.at += 1;
                Kind::Dot
            }
            Class::Operator => self.operator(),
            Class::Dollar => self.dollar()?,
            Class::Digit => self.number(),
            Class::Quote => self.string(start, false)?,
            Class::Colon => {
                self.at += 1;
                match self.byte(self.at) {
                    b':' => {
                        self.at += 1;
                        Kind::Cast
                    }
                    _ => Kind::Colon,
                }
            }
            // `skip_space` left none.
            Class::Space => Kind::End,
            Class::Invalid if first == 1 => {
                return Err(Fault {
                    at: start,
                    kind: FaultKind::Nested,
                });
            }
            Class::Invalid => return Err(Fault::not_understood(start, "a character that begins no SQL token")),
        };
        Ok(self.token(kind, start))
    }

    fn token(&self, kind: Kind, start: usize) -> Token {
        Token {
            kind,
            start: start as u32,
            end: self.at as u32,
        }
    }

    /// Skips white space, `-- comments` and `/* nested /* comments */ */`.
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

    fn skip_line(&mut self) {
        let rest = &self.sql.as_bytes()[self.at..];
        self.at += rest
            .iter()
            .position(|byte| matches!(byte, b'\n' | b'\r'))
            .unwrap_or(rest.len());
    }

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
            match bytes.get(at) {
                None => return Err(Fault::unterminated(quote, "quoted identifier")),
                Some(0) => return Err(Fault::not_understood(at, "a NUL in an identifier")),
                Some(b'"') if bytes.get(at + 1) == Some(&b'"') => at += 2,
                Some(b'"') if at == quote + 1 => return Err(Fault::not_understood(quote, "an empty identifier")),
                Some(b'"') => break,
                Some(_) => at += 1,
            }
        }
        self.at = at + 1;
        Ok(Kind::Quoted)
    }

    /// `U&"…"` and the `UESCAPE '…'` that belongs to it.
    fn unicode_quoted(&mut self, quote: usize) -> Result<Kind, Fault> {
        self.quoted(quote)?;
        let mut ahead = *self;
        if ahead.next()?.kind == Kind::Word(Keyword::Uescape) && ahead.next()?.kind == Kind::String {
            self.at = ahead.at;
        }
        Ok(Kind::UnicodeQuoted)
    }

    /// `'…'` from its opening quote, with the segments that continue it on further lines. In `E'…'` a backslash takes the next character along.
    fn string(&mut self, quote: usize, escapes: bool) -> Result<Kind, Fault> {
        let bytes = self.sql.as_bytes();
        let mut at = quote + 1;
        loop {
            match bytes.get(at) {
                None => return Err(Fault::unterminated(quote, "string")),
                Some(0) => return Err(Fault::not_understood(at, "a NUL in a string")),
                Some(b'\\') if escapes => at += 2,
                Some(b'\'') if bytes.get(at + 1) == Some(&b'\'') => at += 2,
                Some(b'\'') => {
                    self.at = at + 1;
                    match self.continuation() {
                        Some(next) => at = next + 1,
                        None => return Ok(Kind::String),
                    }
                }
                Some(_) => at += 1,
            }
        }
    }

    /// The opening quote of a segment which continues the string that ends here: only white space and line comments stand between, and a newline.
    fn continuation(&self) -> Option<usize> {
        let mut ahead = *self;
        let mut newline = false;
        loop {
            match ahead.byte(ahead.at) {
                b'\n' | b'\r' => newline = true,
                byte if class(byte) == Class::Space => {}
                b'-' if ahead.byte(ahead.at + 1) == b'-' => {
                    ahead.skip_line();
                    continue;
                }
                b'\'' if newline => return Some(ahead.at),
                _ => return None,
            }
            ahead.at += 1;
        }
    }

    /// `$1`, or `$tag$…$tag$`.
    fn dollar(&mut self) -> Result<Kind, Fault> {
        let bytes = self.sql.as_bytes();
        let start = self.at;
        let mut at = start + 1;
        if class(self.byte(at)) == Class::Digit {
            while class(self.byte(at)) == Class::Digit {
                at += 1;
            }
            self.at = at;
            return Ok(Kind::Parameter);
        }
        if class(self.byte(at)) == Class::Letter {
            while matches!(class(self.byte(at)), Class::Letter | Class::Digit) {
                at += 1;
            }
        }
        if self.byte(at) != b'$' {
            return Err(Fault::not_understood(
                start,
                "a dollar sign that begins neither a parameter nor a string",
            ));
        }
        let tag = &bytes[start..=at];
        let mut body = at + 1;
        loop {
            let Some(dollar) = bytes[body..].iter().position(|&byte| byte == b'$') else {
                return Err(Fault::unterminated(start, "dollar-quoted string"));
            };
            body += dollar;
            if bytes[body..].starts_with(tag) {
                self.at = body + tag.len();
                return Ok(Kind::String);
            }
            body += 1;
        }
    }

    /// `1`, `1.5`, `.5e-3`, `1_000`, `0x1F`. What follows without a space is left for the next token, as servers before PostgreSQL 15 do.
    fn number(&mut self) -> Kind {
        let start = self.at;
        let digits = |mut at: usize, is_digit: fn(u8) -> bool| {
            while is_digit(self.byte(at)) || self.byte(at) == b'_' && is_digit(self.byte(at + 1)) {
                at += 1;
            }
            at
        };
        let decimal: fn(u8) -> bool = |byte| byte.is_ascii_digit();
        let radix: Option<fn(u8) -> bool> = match (self.byte(start), self.byte(start + 1) | 0x20) {
            (b'0', b'x') => Some(|byte| byte.is_ascii_hexdigit()),
            (b'0', b'o') => Some(|byte| matches!(byte, b'0'..=b'7')),
            (b'0', b'b') => Some(|byte| matches!(byte, b'0' | b'1')),
            _ => None,
        };
        let mut at = match radix {
            Some(is_digit) => digits(start + 2, is_digit),
            None => digits(start, decimal),
        };
        if radix.is_none() {
            // `1..10` is a range of two integers.
            if self.byte(at) == b'.' && self.byte(at + 1) != b'.' {
                at = digits(at + 1, decimal);
            }
            if self.byte(at) | 0x20 == b'e' {
                let sign = usize::from(matches!(self.byte(at + 1), b'+' | b'-'));
                if decimal(self.byte(at + 1 + sign)) {
                    at = digits(at + 1 + sign, decimal);
                }
            }
        }
        self.at = at;
        Kind::Number
    }

    /// An operator: as many of its characters as follow, but a comment ends it, and so does a trailing `+` or `-` unless one of `~!@#^&|?%` and
    /// the backtick is part of it (so that `=-1` is two tokens).
    fn operator(&mut self) -> Kind {
        let bytes = self.sql.as_bytes();
        let start = self.at;
        let mut end = start;
        while end < bytes.len() && class(bytes[end]) == Class::Operator {
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
