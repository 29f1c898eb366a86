//! Strings, parameters and numbers.

use super::{
    Fault, Kind, Text,
    class::{Class, class},
};

impl Text<'_> {
    /// `'…'` from its opening quote, with the segments that continue it on further lines. In `E'…'` a backslash escapes
    /// the next character.
    #[inline(never)]
    pub(super) fn string(self, quote: usize, escapes: bool) -> Result<usize, Fault> {
        let bytes = self.0;
        let mut at = quote + 1;
        loop {
            match bytes.get(at) {
                None => return Err(Fault::unterminated(quote, "string")),
                Some(b'\\') if escapes => at += 2,
                Some(b'\'') if bytes.get(at + 1) == Some(&b'\'') => at += 2,
                Some(b'\'') => match self.continuation(at + 1) {
                    Some(next) => at = next + 1,
                    None => return Ok(at + 1),
                },
                Some(_) => at += 1,
            }
        }
    }

    /// The opening quote of a segment that continues the string that ends here: between them are only white space and
    /// line comments, with at least one newline.
    fn continuation(self, end: usize) -> Option<usize> {
        let mut at = end;
        let mut newline = false;
        loop {
            match self.byte(at) {
                b'\n' | b'\r' => newline = true,
                byte if class(byte) == Class::Space => {}
                b'-' if self.byte(at + 1) == b'-' => {
                    at = self.skip_line(at);
                    continue;
                }
                b'\'' if newline => return Some(at),
                _ => return None,
            }
            at += 1;
        }
    }

    /// `$1`, or `$tag$…$tag$`.
    #[inline(always)]
    pub(super) fn dollar(self, start: usize) -> Result<(Kind, usize), Fault> {
        let mut end = start + 1;
        while class(self.byte(end)) == Class::Digit {
            end += 1;
        }
        if end > start + 1 {
            return Ok((Kind::Parameter, end));
        }
        Ok((Kind::String, self.dollar_quoted(start)?))
    }

    #[inline(never)]
    fn dollar_quoted(self, start: usize) -> Result<usize, Fault> {
        let bytes = self.0;
        let mut at = start + 1;
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
                return Ok(body + tag.len());
            }
            body += 1;
        }
    }

    /// `1`, `1.5`, `.5e-3`, `1_000`, `0x1F`. What follows without a space is left for the next token, as servers before
    /// PostgreSQL 15 do.
    #[inline(never)]
    pub(super) fn number(self, start: usize) -> usize {
        let radix = match (self.byte(start), self.byte(start + 1) | 0x20) {
            (b'0', b'x') => Some(16),
            (b'0', b'o') => Some(8),
            (b'0', b'b') => Some(2),
            _ => None,
        };
        if let Some(radix) = radix {
            return self.digits(start + 2, radix);
        }
        let mut at = self.digits(start, 10);
        // `1..10` is a range of two integers.
        if self.byte(at) == b'.' && self.byte(at + 1) != b'.' {
            at = self.digits(at + 1, 10);
        }
        if self.byte(at) | 0x20 == b'e' {
            let sign = usize::from(matches!(self.byte(at + 1), b'+' | b'-'));
            if self.byte(at + 1 + sign).is_ascii_digit() {
                at = self.digits(at + 1 + sign, 10);
            }
        }
        at
    }

    /// The end of the digits from here on, with single underscores between them.
    fn digits(self, mut at: usize, radix: u32) -> usize {
        let is_digit = |at| char::from(self.byte(at)).is_digit(radix);
        while is_digit(at) || self.byte(at) == b'_' && is_digit(at + 1) {
            at += 1;
        }
        at
    }
}
