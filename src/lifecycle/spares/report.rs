use std::fmt;

/// What [`prepare_spares`](crate::TenantPool::prepare_spares) found and did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SpareReport {
    /// How many are ready now: they have exactly the migrations asked for.
    pub ready: usize,
    /// How many of those were made.
    pub made: usize,
    /// How many of those lacked migrations, and got them.
    pub updated: usize,
    /// How many were dropped: more than asked for, or left by a crash.
    pub dropped: usize,
    /// How many are kept that have other migrations, as another version of the application may need them.
    pub others: usize,
}

impl fmt::Display for SpareReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            ready,
            made,
            updated,
            dropped,
            others,
        } = self;
        write!(f, "spares ready: {ready}; new ones: {made}")?;
        for (what, count) in [
            ("brought up to date", updated),
            ("dropped", dropped),
            ("kept with other migrations", others),
        ] {
            if *count > 0 {
                write!(f, "; {what}: {count}")?;
            }
        }
        Ok(())
    }
}
