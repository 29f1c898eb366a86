//! Cuts SQL text into tokens, by MySQL's and MariaDB's lexical rules in the default `sql_mode`.

use crate::error::{Fault, POISON};

use super::{
    keyword::Keyword,
    token::{Kind, Token},
};

/// Offsets fit 32 bits. The servers' own limit for a text (`max_allowed_packet`) is a gigabyte.
const LONGEST_TEXT: usize = 1 << 30;

/// All tokens of a text; the last is [`Kind::End`].
pub(super) fn tokens(sql: &str) -> Result<Vec<Token>, Fault> {
    if sql.len() > LONGEST_TEXT {
        return Err(Fault::not_understood(0, "a text of more than a gigabyte"));
    }
    if let Some(nul) = sql.find('\0') {
        return Err(Fault::not_understood(
            nul,
            "a NUL, at which the server may end the text",
        ));
    }
    let text = Text(sql.as_bytes());
    let mut tokens = Vec::with_capacity(sql.len() / 5 + 4);
    let mut before = Token::before_all();
    loop {
        let token = text.token(text.skip_space(before.end as usize)?, before)?;
        tokens.push(token);
        if token.kind == Kind::End {
            return Ok(tokens);
        }
        before = token;
    }
}

/// The first token of a text.
pub(super) fn first(sql: &str) -> Result<Token, Fault> {
    behind(sql, Token::before_all())
}

/// The token behind another one.
pub(super) fn behind(sql: &str, before: Token) -> Result<Token, Fault> {
    let text = Text(sql.as_bytes());
    text.token(text.skip_space(before.end as usize)?, before)
}

fn continues_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$') || !byte.is_ascii()
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
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

    fn skip_space(self, mut at: usize) -> Result<usize, Fault> {
        loop {
            match (self.byte(at), self.byte(at + 1), self.byte(at + 2)) {
                (byte, ..) if is_space(byte) => at += 1,
                (b'#', ..) => at = self.end_of(at, |byte| byte != b'\n'),
                // Two minus signs begin a comment only before a space, a control character, or the end.
                (b'-', b'-', third) if is_space(third) || third.is_ascii_control() => {
                    at = self.end_of(at, |byte| byte != b'\n');
                }
                (b'/', b'*', b'!') | (b'/', b'*', b'M') if self.is_code(at) => {
                    return Err(Fault::not_understood(
                        at,
                        "a comment with code that some servers run, and others don't",
                    ));
                }
                // Comments don't nest. A hint for the optimizer (`/*+ … */`) names tables by their aliases.
                (b'/', b'*', _) => {
                    let body = &self.0[at + 2..];
                    let Some(end) = body.windows(2).position(|two| two == b"*/") else {
                        return Err(Fault::unterminated(at, "comment"));
                    };
                    at += 2 + end + 2;
                }
                _ => return Ok(at),
            }
        }
    }

    /// Whether this comment begins with `/*!` or `/*M!`.
    fn is_code(self, at: usize) -> bool {
        self.byte(at + 2) == b'!' || self.byte(at + 3) == b'!'
    }

    fn token(self, start: usize, before: Token) -> Result<Token, Fault> {
        let (kind, end) = self.kind_and_end(start, before)?;
        Ok(Token {
            kind,
            start: start as u32,
            end: end as u32,
        })
    }

    fn kind_and_end(self, start: usize, before: Token) -> Result<(Kind, usize), Fault> {
        let Some(&first) = self.0.get(start) else {
            return Ok((Kind::End, start));
        };
        let touches = before.end as usize == start;
        let single = |kind| Ok((kind, start + 1));
        match first {
            // Behind a dot everything is a name, keywords and digits too.
            _ if before.kind == Kind::Dot && touches && continues_word(first) => {
                Ok((Kind::Word(Keyword::None), self.end_of(start, continues_word)))
            }
            b'n' | b'N' if self.byte(start + 1) == b'\'' => {
                Ok((Kind::String, self.quoted(start + 1, b'\'', "string")?))
            }
            b'x' | b'X' | b'b' | b'B' if self.byte(start + 1) == b'\'' => self.digits_in_quotes(start),
            b'0'..=b'9' => self.number_or_word(start),
            b'.' if self.byte(start + 1).is_ascii_digit()
                && !(touches && matches!(before.kind, Kind::Word(_) | Kind::Dot)) =>
            {
                Ok((Kind::Literal, self.fraction(start)))
            }
            // The servers' versions differ: a byte order mark is a letter in some, and an error in others.
            0xef if self.0[start..].starts_with("\u{feff}".as_bytes()) => {
                Err(Fault::not_understood(start, "a byte order mark"))
            }
            _ if continues_word(first) => self.word(start),
            b'\'' | b'"' => Ok((Kind::String, self.quoted(start, first, "string")?)),
            b'`' => Ok((Kind::Quoted, self.quoted(start, b'`', "quoted identifier")?)),
            b'?' => single(Kind::Parameter),
            b'@' => self.variable(start),
            b'\\' if self.byte(start + 1) == b'N' => Ok((Kind::Literal, start + 2)),
            b'.' => single(Kind::Dot),
            b',' => single(Kind::Comma),
            b';' => single(Kind::Semicolon),
            b'(' => single(Kind::Open),
            b')' => single(Kind::Close),
            b'{' => single(Kind::OpenBrace),
            b'}' => single(Kind::CloseBrace),
            b'*' => single(Kind::Star),
            b'~' => single(Kind::Prefix),
            b'!' if self.byte(start + 1) != b'=' => single(Kind::Prefix),
            b'+' => single(Kind::Sign),
            b'-' if self.byte(start + 1) != b'>' => single(Kind::Sign),
            b':' if self.byte(start + 1) == b'=' => Ok((Kind::Assign, start + 2)),
            b':' => single(Kind::Colon),
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
            (b'-', b'>', b'>') | (b'<', b'=', b'>') => 3,
            (b'-', b'>', _)
            | (b'<', b'=' | b'>' | b'<', _)
            | (b'>', b'=' | b'>', _)
            | (b'!', b'=', _)
            | (b'&', b'&', _)
            | (b'|', b'|', _) => 2,
            (b'=' | b'<' | b'>' | b'|' | b'&' | b'/' | b'%' | b'^', _, _) => 1,
            _ => 0,
        }
    }

    /// A word before a dot is a name, also if it is a keyword elsewhere.
    fn word(self, start: usize) -> Result<(Kind, usize), Fault> {
        let end = self.end_of(start, continues_word);
        if self.0[start] == b'$' && self.0[start + 1..end].contains(&b'$') {
            return Err(Fault::not_understood(
                start,
                "a name between dollar signs, which is a string in newer versions of MySQL",
            ));
        }
        let is_qualifier = self.byte(end) == b'.' && continues_word(self.byte(end + 1));
        let keyword = match is_qualifier {
            true => Keyword::None,
            false => Keyword::of(&self.0[start..end]),
        };
        Ok((Kind::Word(keyword), end))
    }

    /// The end of a quoted text: the quote is doubled inside, and in strings a backslash escapes.
    fn quoted(self, start: usize, quote: u8, what: &'static str) -> Result<usize, Fault> {
        let mut at = start + 1;
        loop {
            at = self.end_of(at, |byte| byte != quote && (byte != b'\\' || quote == b'`'));
            if at >= self.0.len() {
                return Err(Fault::unterminated(start, what));
            }
            if self.byte(at) == quote && self.byte(at + 1) != quote {
                return Ok(at + 1);
            }
            at += 2;
        }
    }

    /// `x'1F'` or `b'01'`
    fn digits_in_quotes(self, start: usize) -> Result<(Kind, usize), Fault> {
        let end = self.end_of(start + 2, |byte| byte.is_ascii_hexdigit());
        if self.byte(end) != b'\'' {
            return Err(Fault::not_understood(
                start,
                "a number in quotes that has other characters",
            ));
        }
        Ok((Kind::Literal, end + 1))
    }

    /// A number, or a word that begins with digits: `1a` is a name, and `1e1` is none.
    fn number_or_word(self, start: usize) -> Result<(Kind, usize), Fault> {
        let word_end = self.end_of(start, continues_word);
        let digits = self.end_of(start, |byte| byte.is_ascii_digit());
        // `0x` and `0b` with digits alone, in lower case.
        if digits == start + 1 && self.byte(start) == b'0' && word_end > start + 2 {
            let is_number = match self.byte(start + 1) {
                b'x' => self.0[start + 2..word_end].iter().all(u8::is_ascii_hexdigit),
                b'b' => self.0[start + 2..word_end]
                    .iter()
                    .all(|byte| matches!(byte, b'0' | b'1')),
                _ => false,
            };
            if is_number {
                return Ok((Kind::Literal, word_end));
            }
        }
        match self.byte(digits) {
            // `1..10` has two numbers.
            b'.' if self.byte(digits + 1) != b'.' => Ok((Kind::Literal, self.fraction(digits))),
            b'e' | b'E' => match self.exponent(digits) {
                Some(end) => Ok((Kind::Literal, end)),
                None => self.word(start),
            },
            _ if word_end > digits => self.word(start),
            _ => Ok((Kind::Literal, digits)),
        }
    }

    /// The end of a number whose dot stands here.
    fn fraction(self, dot: usize) -> usize {
        let end = self.end_of(dot + 1, |byte| byte.is_ascii_digit());
        match self.byte(end) {
            b'e' | b'E' => self.exponent(end).unwrap_or(end),
            _ => end,
        }
    }

    /// The end of a number whose exponent begins here, if it has digits.
    fn exponent(self, at: usize) -> Option<usize> {
        let digits = at + 1 + usize::from(matches!(self.byte(at + 1), b'+' | b'-'));
        let end = self.end_of(digits, |byte| byte.is_ascii_digit());
        (end > digits).then_some(end)
    }

    /// `@user`, `@'user'`, `@@system` or `@@scope.system`; also the host behind an account's name.
    fn variable(self, start: usize) -> Result<(Kind, usize), Fault> {
        let is_system = self.byte(start + 1) == b'@';
        let mut at = start + 1 + usize::from(is_system);
        let end = match self.byte(at) {
            quote @ (b'\'' | b'"') if !is_system => self.quoted(at, quote, "string")?,
            b'`' if !is_system => self.quoted(at, b'`', "quoted identifier")?,
            _ if is_system => loop {
                let end = match self.byte(at) {
                    b'`' => self.quoted(at, b'`', "quoted identifier")?,
                    _ => self.end_of(at, continues_word),
                };
                if end == at || self.byte(end) != b'.' {
                    break end;
                }
                at = end + 1;
            },
            _ => self.end_of(at, |byte| {
                byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'$')
            }),
        };
        if end == at {
            return Err(Fault::not_understood(start, "a variable without a name"));
        }
        Ok((
            if is_system {
                Kind::SystemVariable
            } else {
                Kind::Variable
            },
            end,
        ))
    }
}
