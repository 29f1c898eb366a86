//! Operators.

use super::{
    Kind, Text,
    class::{Class, class},
};
use crate::name::MAX_NAME_BYTES;

impl Text<'_> {
    /// An operator of several characters: as many as follow, but a comment ends it, and so does a trailing `+` or `-` unless one of `~!@#^&|?%`
    /// and the backtick is part of it (so that `=-1` is two tokens). None is longer than a name: without that limit a long row of
    /// signs, each an operator of its own, would be looked at again and again.
    #[inline(never)]
    pub(super) fn long_operator(self, start: usize) -> (Kind, usize) {
        let mut end = start;
        while end - start <= MAX_NAME_BYTES && class(self.byte(end)) == Class::Operator && !self.at_comment(end) {
            end += 1;
        }
        let keeps_sign = |byte: &u8| b"~!@#^&|`?%".contains(byte);
        if end - start > 1 && !self.0[start..end].iter().any(keeps_sign) {
            while end - start > 1 && matches!(self.0[end - 1], b'+' | b'-') {
                end -= 1;
            }
        }
        let kind = match end - start {
            1 => operator(self.0[start]),
            _ => Kind::Operator,
        };
        (kind, end)
    }
}

/// The operator of this one character.
pub(super) fn operator(character: u8) -> Kind {
    if character == b'*' { Kind::Star } else { Kind::Operator }
}
