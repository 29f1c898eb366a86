//! What stands between tokens: white space and comments.

use super::{
    Fault, Text,
    class::{Class, class},
};

impl Text<'_> {
    /// The end of the white space and comments that begin here.
    pub(super) fn skip_space(self, mut at: usize) -> Result<usize, Fault> {
        loop {
            if class(self.byte(at)) == Class::Space {
                at += 1;
            } else {
                match self.comment(at)? {
                    Some(end) => at = end,
                    None => return Ok(at),
                }
            }
        }
    }

    pub(super) fn at_comment(self, at: usize) -> bool {
        matches!((self.byte(at), self.byte(at + 1)), (b'-', b'-') | (b'/', b'*'))
    }

    /// The end of the comment that begins here; `None` if there is none.
    #[inline(never)]
    pub(super) fn comment(self, start: usize) -> Result<Option<usize>, Fault> {
        match (self.byte(start), self.byte(start + 1)) {
            (b'-', b'-') => Ok(Some(self.skip_line(start))),
            (b'/', b'*') => self.skip_block_comment(start).map(Some),
            _ => Ok(None),
        }
    }

    pub(super) fn skip_line(self, start: usize) -> usize {
        let rest = &self.0[start..];
        let length = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
        start + length.unwrap_or(rest.len())
    }

    fn skip_block_comment(self, start: usize) -> Result<usize, Fault> {
        let mut at = start;
        let mut depth = 0;
        loop {
            match (self.byte(at), self.byte(at + 1)) {
                (b'/', b'*') => (depth, at) = (depth + 1, at + 2),
                (b'*', b'/') if depth == 1 => return Ok(at + 2),
                (b'*', b'/') => (depth, at) = (depth - 1, at + 2),
                _ if at >= self.0.len() => return Err(Fault::unterminated(start, "comment")),
                _ => at += 1,
            }
        }
    }
}
