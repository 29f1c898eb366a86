//! Strings, parameters and numbers.

use super::{Class, Fault, Kind, Lexer, class};

impl Lexer<'_> {
    /// `'…'` from its opening quote, with the segments that continue it on further lines. In `E'…'` a backslash takes the next character along.
    #[inline(never)]
    pub(super) fn string(&mut self, quote: usize, escapes: bool) -> Result<Kind, Fault> {
        let bytes = self.sql.as_bytes();
        let mut at = quote + 1;
        loop {
            match bytes.get(at) {
                None => return Err(Fault::unterminated(quote, "string")),
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
    #[inline(never)]
    pub(super) fn dollar(&mut self) -> Result<Kind, Fault> {
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
    #[inline(never)]
    pub(super) fn number(&mut self) -> Kind {
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
}
