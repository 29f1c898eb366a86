//! A stack of what is still expected, with the next on top.

use super::Frame;

/// A stack whose top is read in place. A frame is popped soon after it was written, field by field, and copying the
/// whole frame would have to wait for those writes.
#[derive(Default)]
pub(super) struct Stack {
    /// The frames from `depth` on have been popped.
    frames: Vec<Frame>,
    depth: usize,
}

impl Stack {
    #[inline]
    pub(super) fn push(&mut self, frame: Frame) {
        match self.frames.get_mut(self.depth) {
            Some(place) => *place = frame,
            None => self.frames.push(frame),
        }
        self.depth += 1;
    }

    #[inline]
    pub(super) fn pop(&mut self) -> Option<&Frame> {
        self.depth = self.depth.checked_sub(1)?;
        self.frames.get(self.depth)
    }

    pub(super) fn last(&self) -> Option<&Frame> {
        self.frames.get(self.depth.checked_sub(1)?)
    }

    pub(super) fn clear(&mut self) {
        self.depth = 0;
    }

    pub(super) fn capacity(&self) -> usize {
        self.frames.capacity()
    }
}
