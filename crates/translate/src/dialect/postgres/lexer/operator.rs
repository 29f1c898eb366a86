//! Operators.

use super::{
    Kind, Text,
    class::{Class, class, operator},
};
use crate::schema_name::MAX_NAME_BYTES;

impl Text<'_> {
    /// An operator of several characters, as long as possible. A comment ends it. A trailing `+` or `-` is not part of
    /// it unless the operator contains one of `~!@#^&|?%` or a backtick (so `=-1` is two tokens). No operator is longer
    /// than a name: without that limit, a long row of signs that are each an operator would be read again and again.
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
