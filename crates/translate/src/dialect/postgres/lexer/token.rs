//! One token of a text: which kind begins at a place, and where the token ends.

use super::{
    Kind,
    class::{Class, class, operator},
};
use crate::error::{Fault, POISON};

/// A text's bytes, passed by value so that they stay in registers. Code for rare tokens is not inlined, because that
/// would slow down all texts.
#[derive(Clone, Copy)]
pub(super) struct Text<'a>(pub(super) &'a [u8]);

impl Text<'_> {
    pub(super) fn byte(self, at: usize) -> u8 {
        // No text contains a NUL, so a NUL can stand for the end.
        self.0.get(at).copied().unwrap_or(0)
    }

    /// The first token from here on: its kind, its start and its end.
    #[inline(always)]
    pub(super) fn token(self, at: usize) -> Result<(Kind, usize, usize), Fault> {
        let mut start = at;
        loop {
            // Most tokens have a space before them, or nothing. This branch is predicted well, and costs less than the
            // table.
            while self.byte(start) == b' ' {
                start += 1;
            }
            let Some(&first) = self.0.get(start) else {
                return Ok((Kind::End, start, start));
            };
            let (kind, end) = match class(first) {
                Class::Space => {
                    start += 1;
                    continue;
                }
                Class::DoubleQuote => self.quoted(start)?,
                Class::Letter => self.word_or_prefixed(start)?,
                Class::Dot if class(self.byte(start + 1)) == Class::Digit => (Kind::Number, self.number(start)),
                Class::Dot => (Kind::Dot, start + 1),
                Class::Comma => (Kind::Comma, start + 1),
                Class::Open => (Kind::Open, start + 1),
                Class::Close => (Kind::Close, start + 1),
                Class::Operator if class(self.byte(start + 1)) != Class::Operator => (operator(first), start + 1),
                Class::Operator => match self.comment(start)? {
                    Some(end) => {
                        start = end;
                        continue;
                    }
                    None => self.long_operator(start),
                },
                Class::Dollar => self.dollar(start)?,
                Class::Digit => (Kind::Number, self.number(start)),
                Class::Quote => (Kind::String, self.string(start, false)?),
                Class::Colon if self.byte(start + 1) == b':' => (Kind::Cast, start + 2),
                Class::Colon => (Kind::Colon, start + 1),
                Class::OpenBracket => (Kind::OpenBracket, start + 1),
                Class::CloseBracket => (Kind::CloseBracket, start + 1),
                Class::Semicolon => (Kind::Semicolon, start + 1),
                Class::Invalid if first == POISON.as_bytes()[0] => return Err(Fault::nested(start)),
                Class::Invalid => return Err(Fault::not_understood(start, "a character that begins no SQL token")),
            };
            return Ok((kind, start, end));
        }
    }

    /// The place of the next such byte. Eight bytes are compared at a time, because names are about that long.
    #[inline(always)]
    pub(super) fn find(self, byte: u8, mut at: usize) -> Option<usize> {
        const ONES: u64 = u64::from_ne_bytes([1; 8]);
        const HIGH_BITS: u64 = ONES << 7;
        while let Some(eight) = self.0.get(at..).and_then(|rest| rest.first_chunk()) {
            let zero_where_found = u64::from_le_bytes(*eight) ^ (ONES * u64::from(byte));
            let found = zero_where_found.wrapping_sub(ONES) & !zero_where_found & HIGH_BITS;
            if found != 0 {
                return Some(at + found.trailing_zeros() as usize / 8);
            }
            at += 8;
        }
        let rest = self.0.get(at..)?;
        rest.iter().position(|&other| other == byte).map(|length| at + length)
    }
}
