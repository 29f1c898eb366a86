use crate::migrations::{Direction, Revert};

/// What a fleet migration does to each tenant.
#[derive(Debug, Clone, Copy)]
pub(in crate::migrations) enum Task {
    Migrate,
    Revert(Revert),
}

impl Task {
    pub(in crate::migrations) fn direction(self) -> Direction {
        match self {
            Self::Migrate => Direction::Up,
            Self::Revert(_) => Direction::Down,
        }
    }
}
