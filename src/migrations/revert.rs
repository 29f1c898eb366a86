/// How many migrations to revert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revert {
    /// The newest `n`.
    Last(usize),
    /// All applied migrations.
    All,
}

impl Revert {
    pub(super) fn count(self) -> usize {
        match self {
            Self::Last(count) => count,
            Self::All => usize::MAX,
        }
    }
}
