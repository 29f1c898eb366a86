//! Words and quoted identifiers.

use super::{Fault, Keyword, Kind, Text, class::continues_word};

impl Text<'_> {
    /// The end of a word, or of a string or identifier with a letter before its quote: `E'`, `B'`, `X'`, `N'`, `U&'`,
    /// `U&"`.
    #[inline(always)]
    pub(super) fn word_or_prefixed(self, start: usize) -> Result<(Kind, usize), Fault> {
        let mut end = start + 1;
        while continues_word(self.byte(end)) {
            end += 1;
        }
        if end == start + 1 {
            return self.letter_or_prefixed(start);
        }
        Ok((Kind::Word(Keyword::of(&self.0[start..], end - start)), end))
    }

    /// Like `word`, for a single letter.
    #[inline(never)]
    fn letter_or_prefixed(self, letter: usize) -> Result<(Kind, usize), Fault> {
        match (self.byte(letter) | 0x20, self.byte(letter + 1), self.byte(letter + 2)) {
            (b'e', b'\'', _) => Ok((Kind::String, self.string(letter + 1, true)?)),
            (b'b' | b'x' | b'n', b'\'', _) => Ok((Kind::String, self.string(letter + 1, false)?)),
            (b'u', b'&', b'\'') => Ok((Kind::String, self.string(letter + 2, false)?)),
            (b'u', b'&', b'"') => Ok((Kind::Encoded, self.unicode_quoted(letter + 2)?)),
            _ => Ok((Kind::Word(Keyword::None), letter + 1)),
        }
    }

    /// `"…"`, in which `""` stands for a quote.
    #[inline(always)]
    pub(super) fn quoted(self, quote: usize) -> Result<(Kind, usize), Fault> {
        let mut kind = Kind::Quoted;
        let mut at = quote + 1;
        loop {
            let Some(end) = self.find(b'"', at) else {
                return Err(Fault::unterminated(quote, "quoted identifier"));
            };
            at = end + 1;
            if self.byte(at) != b'"' {
                break;
            }
            kind = Kind::Encoded;
            at += 1;
        }
        if at == quote + 2 {
            return Err(Fault::not_understood(quote, "an empty identifier"));
        }
        Ok((kind, at))
    }

    /// `U&"…"` from its quote, and the UESCAPE that belongs to it: with `'…'`, `$$…$$` or `E'…'`.
    #[inline(never)]
    fn unicode_quoted(self, quote: usize) -> Result<usize, Fault> {
        const UESCAPE: &[u8] = b"uescape";
        let (_, end) = self.quoted(quote)?;
        let uescape = self.skip_space(end)?;
        let word_end = uescape + UESCAPE.len();
        let word = self.0.get(uescape..word_end).unwrap_or_default();
        if word.eq_ignore_ascii_case(UESCAPE) {
            let string = self.skip_space(word_end)?;
            match (self.byte(string), self.byte(string + 1), self.byte(string + 2)) {
                (b'\'', ..) => return self.string(string, false),
                (b'$', ..) if self.dollar(string)?.0 == Kind::String => return Ok(self.dollar(string)?.1),
                // No other escape in the UESCAPE string needs decoding.
                (b'e' | b'E', b'\'', first) if first != b'\\' || self.byte(string + 3) == first => {
                    return self.string(string + 1, true);
                }
                _ => {}
            }
        }
        Ok(end)
    }
}
