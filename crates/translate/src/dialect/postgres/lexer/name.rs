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
}
