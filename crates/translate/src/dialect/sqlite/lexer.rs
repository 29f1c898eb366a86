//! Cuts SQL text into tokens, by SQLite's lexical rules.

use crate::error::{Fault, POISON};

use super::keyword::Keyword;

/// The kind of a token.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// An unquoted identifier or keyword.
    Word(Keyword),
    /// `"a"`, `` `a` `` or `[a]`. SQLite reads `"a"` as a string where no column has that name.
    Quoted,
    /// `'a'`: a string, or a name where the grammar wants one.
    String,
    /// `1`, `1.5e3`, `0x1F`, `x'1F'`
    Literal,
    /// `?`, `?1`, `:a`, `@a`, `$a`
    Parameter,
    /// An operator between two operands.
    Operator,
    /// `+` or `-`: between two operands, or before one.
    Sign,
    /// `~`
    Tilde,
    /// `*`
    Star,
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
    /// The end of the text.
    End,
}

impl Kind {
    /// Whether the token may name something (`nm` in SQLite's grammar).
    pub(super) fn is_name(self) -> bool {
        match self {
            Self::Word(keyword) => keyword.is_name(),
            kind => matches!(kind, Self::Quoted | Self::String),
        }
    }
}

/// A token: its kind, and its place in the text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) start: u32,
    pub(super) end: u32,
}

/// SQLite's own limit for a text is a billion bytes. Offsets fit 32 bits.
const LONGEST_TEXT: usize = 1 << 30;

/// All tokens of a text; the last is [`Kind::End`].
pub(super) fn tokens(sql: &str) -> Result<Vec<Token>, Fault> {
    if sql.len() > LONGEST_TEXT {
        return Err(Fault::not_understood(0, "a text of more than a gigabyte"));
    }
    if let Some(nul) = sql.find('\0') {
        return Err(Fault::not_understood(nul, "a NUL, at which SQLite ends the text"));
    }
    let text = Text(sql.as_bytes());
    let mut tokens = Vec::with_capacity(sql.len() / 5 + 4);
    let mut at = 0;
    loop {
        let token = text.token(text.skip_space(at))?;
        at = token.end as usize;
        tokens.push(token);
        if token.kind == Kind::End {
            return Ok(tokens);
        }
    }
}

/// The first token of a text.
pub(super) fn first(sql: &str) -> Result<Token, Fault> {
    let text = Text(sql.as_bytes());
    text.token(text.skip_space(0))
}

fn continues_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$') || !byte.is_ascii()
}

#[derive(Clone, Copy)]
struct Text<'a>(&'a [u8]);

impl Text<'_> {
    /// The byte at this place. No text contains a NUL, so a NUL stands for the end.
    fn byte(self, at: usize) -> u8 {
        self.0.get(at).copied().unwrap_or(0)
    }

    /// The place from here on at which the first byte that is not of this kind stands.
    fn end_of(self, mut at: usize, is_inside: impl Fn(u8) -> bool) -> usize {
        while at < self.0.len() && is_inside(self.0[at]) {
            at += 1;
        }
        at
    }

    fn skip_space(self, mut at: usize) -> usize {
        loop {
            match (self.byte(at), self.byte(at + 1)) {
                (b' ' | b'\t' | b'\n' | b'\x0c' | b'\r', _) => at += 1,
                // Only a line feed ends the comment, not a carriage return.
                (b'-', b'-') => at = self.end_of(at, |byte| byte != b'\n'),
                // A comment doesn't nest, and may end with the text. `/*` as the text's last two bytes is none.
                (b'/', b'*') if at + 2 < self.0.len() => {
                    let body = &self.0[at + 2..];
                    let end = body.windows(2).position(|two| two == b"*/");
                    at = end.map_or(self.0.len(), |end| at + 2 + end + 2);
                }
                _ => return at,
            }
        }
    }

    fn token(self, start: usize) -> Result<Token, Fault> {
        let (kind, end) = self.kind_and_end(start)?;
        Ok(Token {
            kind,
            start: start as u32,
            end: end as u32,
        })
    }

    fn kind_and_end(self, start: usize) -> Result<(Kind, usize), Fault> {
        let Some(&first) = self.0.get(start) else {
            return Ok((Kind::End, start));
        };
        let single = |kind| Ok((kind, start + 1));
        match first {
            b'x' | b'X' if self.byte(start + 1) == b'\'' => self.blob(start),
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => {
                let end = self.end_of(start, continues_word);
                Ok((Kind::Word(Keyword::of(&self.0[start..end])), end))
            }
            // SQLite's versions differ: a byte order mark is a space in some, and a letter in others.
            0xef if self.0[start..].starts_with("\u{feff}".as_bytes()) => {
                Err(Fault::not_understood(start, "a byte order mark"))
            }
            0x80.. => Ok((Kind::Word(Keyword::None), self.end_of(start, continues_word))),
            b'\'' => Ok((Kind::String, self.quoted(start, b'\'', "string")?)),
            b'"' | b'`' => Ok((Kind::Quoted, self.quoted(start, first, "quoted identifier")?)),
            b'[' => {
                let end = self.end_of(start, |byte| byte != b']');
                if end == self.0.len() {
                    return Err(Fault::unterminated(start, "quoted identifier"));
                }
                Ok((Kind::Quoted, end + 1))
            }
            b'0'..=b'9' => self.number(start),
            b'.' if self.byte(start + 1).is_ascii_digit() => self.number(start),
            b'?' => Ok((Kind::Parameter, self.end_of(start + 1, |byte| byte.is_ascii_digit()))),
            b':' | b'@' | b'$' => self.named_parameter(start),
            b'.' => single(Kind::Dot),
            b',' => single(Kind::Comma),
            b';' => single(Kind::Semicolon),
            b'(' => single(Kind::Open),
            b')' => single(Kind::Close),
            b'*' => single(Kind::Star),
            b'~' => single(Kind::Tilde),
            b'+' => single(Kind::Sign),
            b'-' if self.byte(start + 1) != b'>' => single(Kind::Sign),
            _ if first == POISON.as_bytes()[0] => Err(Fault::nested(start)),
            _ => match self.operator(start) {
                0 => Err(Fault::not_understood(start, "a character that begins no SQL token")),
                length => Ok((Kind::Operator, start + length)),
            },
        }
    }

    /// The length of the operator that begins here; 0 if there is none.
    fn operator(self, start: usize) -> usize {
        match (self.byte(start), self.byte(start + 1), self.byte(start + 2)) {
            (b'-', b'>', b'>') => 3,
            (b'-', b'>', _)
            | (b'=', b'=', _)
            | (b'<', b'=' | b'>' | b'<', _)
            | (b'>', b'=' | b'>', _)
            | (b'!', b'=', _)
            | (b'|', b'|', _) => 2,
            (b'=' | b'<' | b'>' | b'|' | b'&' | b'/' | b'%', _, _) => 1,
            _ => 0,
        }
    }

    /// The end of a quoted text in which the quote is doubled.
    fn quoted(self, start: usize, quote: u8, what: &'static str) -> Result<usize, Fault> {
        let mut at = start + 1;
        loop {
            at = self.end_of(at, |byte| byte != quote);
            if at == self.0.len() {
                return Err(Fault::unterminated(start, what));
            }
            if self.byte(at + 1) != quote {
                return Ok(at + 1);
            }
            at += 2;
        }
    }

    /// `x'1F'`
    fn blob(self, start: usize) -> Result<(Kind, usize), Fault> {
        let end = self.end_of(start + 2, |byte| byte.is_ascii_hexdigit());
        if self.byte(end) != b'\'' || !(end - start).is_multiple_of(2) {
            return Err(Fault::not_understood(
                start,
                "a blob that is not made of pairs of digits",
            ));
        }
        Ok((Kind::Literal, end + 1))
    }

    fn number(self, start: usize) -> Result<(Kind, usize), Fault> {
        let digits = |at| self.end_of(at, |byte| byte.is_ascii_digit() || byte == b'_');
        let mut end = start;
        if self.byte(start) == b'0' && matches!(self.byte(start + 1), b'x' | b'X') {
            end = self.end_of(start + 2, |byte| byte.is_ascii_hexdigit() || byte == b'_');
        } else {
            end = digits(end);
            if self.byte(end) == b'.' {
                end = digits(end + 1);
            }
            if matches!(self.byte(end), b'e' | b'E') {
                let exponent = end + 1 + usize::from(matches!(self.byte(end + 1), b'+' | b'-'));
                if self.byte(exponent).is_ascii_digit() {
                    end = digits(exponent);
                }
            }
        }
        if continues_word(self.byte(end)) && end < self.0.len() {
            return Err(Fault::not_understood(start, "a number with letters after it"));
        }
        Ok((Kind::Literal, end))
    }

    /// `:a`, `@a`, `$a`, and Tcl's `$a::b(c)`.
    fn named_parameter(self, start: usize) -> Result<(Kind, usize), Fault> {
        let refused = || Fault::not_understood(start, "a parameter without a name");
        let mut at = start + 1;
        let mut has_name = false;
        loop {
            match self.byte(at) {
                b'(' if has_name => {
                    at = self.end_of(at, |byte| !matches!(byte, b' ' | b'\t'..=b'\r' | b')'));
                    if self.byte(at) != b')' {
                        return Err(refused());
                    }
                    return Ok((Kind::Parameter, at + 1));
                }
                b':' if self.byte(at + 1) == b':' => at += 2,
                0 => break,
                byte if continues_word(byte) => (at, has_name) = (at + 1, true),
                _ => break,
            }
        }
        if has_name {
            Ok((Kind::Parameter, at))
        } else {
            Err(refused())
        }
    }
}
