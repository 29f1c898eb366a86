//! A letter before a quote: `E'`, `B'`, `X'`, `N'`, `U&'`, `U&"`.

use super::{Fault, Keyword, Kind, Text};

impl Text<'_> {
    /// Like `word_or_prefixed`, after a single letter.
    #[inline(never)]
    pub(super) fn letter_or_prefixed(self, letter: usize) -> Result<(Kind, usize), Fault> {
        match (self.byte(letter) | 0x20, self.byte(letter + 1), self.byte(letter + 2)) {
            (b'e', b'\'', _) => Ok((Kind::String, self.string(letter + 1, true)?)),
            (b'b' | b'x' | b'n', b'\'', _) => Ok((Kind::String, self.string(letter + 1, false)?)),
            (b'u', b'&', b'\'') => Ok((Kind::String, self.string(letter + 2, false)?)),
            (b'u', b'&', b'"') => Ok((Kind::Encoded, self.unicode_quoted(letter + 2)?)),
            _ => Ok((Kind::Word(Keyword::None), letter + 1)),
        }
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
