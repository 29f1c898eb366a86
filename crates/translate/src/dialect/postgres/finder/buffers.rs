//! The finder's working memory, kept from one text to the next.

use std::cell::Cell;

use super::{scope::Scopes, stack::Stack};
use crate::{dialect::postgres::lexer::Token, slot::Slot};

/// The collections that a finder fills and empties again. Allocating them for each text would cost a tenth of the
/// analysis.
#[derive(Default)]
pub(super) struct Buffers {
    pub(super) tokens: Vec<Token>,
    pub(super) stack: Stack,
    pub(super) slots: Vec<Slot>,
    pub(super) scopes: Scopes,
}

thread_local! {
    /// Empty while a finder uses the buffers.
    static BUFFERS: Cell<Buffers> = Cell::default();
}

impl Buffers {
    /// The number of elements, of a few dozen bytes each, for which a thread keeps memory: enough for most statements.
    const MOST_KEPT: usize = 4096;

    /// Takes the buffers of this thread. A thread that is ending gets new buffers.
    pub(super) fn take() -> Self {
        BUFFERS.try_with(Cell::take).unwrap_or_default()
    }

    /// Keeps the buffers for the thread's next text, unless a text made them grow large.
    pub(super) fn keep(mut self) {
        let Self {
            tokens,
            stack,
            slots,
            scopes,
        } = &mut self;
        if tokens.capacity() + stack.capacity() + slots.capacity() + scopes.capacity() > Self::MOST_KEPT {
            return;
        }
        tokens.clear();
        stack.clear();
        slots.clear();
        scopes.clear();
        // A thread that is ending keeps nothing.
        _ = BUFFERS.try_with(|buffers| buffers.set(self));
    }
}
