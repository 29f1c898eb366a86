//! The memory that the finder works in, kept from one text to the next.

use std::cell::Cell;

use super::{
    super::{lexer::Token, template::Slot},
    scope::Scopes,
    stack::Stack,
};

/// What a finder fills and empties again: allocated anew for each text it would cost a tenth of the analysis.
#[derive(Default)]
pub(super) struct Buffers {
    pub(super) tokens: Vec<Token>,
    pub(super) stack: Stack,
    pub(super) slots: Vec<Slot>,
    pub(super) scopes: Scopes,
}

thread_local! {
    /// Empty while a finder has them.
    static BUFFERS: Cell<Buffers> = Cell::default();
}

impl Buffers {
    /// How many elements, of a few dozen bytes each, a thread keeps room for: enough for most statements.
    const MOST_KEPT: usize = 4096;

    /// The buffers of this thread; new ones while it ends.
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
        // A thread that ends keeps nothing.
        _ = BUFFERS.try_with(|buffers| buffers.set(self));
    }
}
