use std::fmt;

/// What [`prepare_spares`](crate::TenantPool::prepare_spares) found and did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SpareReport {
    /// How many are ready now, with exactly the migrations asked for.
    pub ready: usize,
    /// How many of the ready ones were made by this call.
    pub made: usize,
    /// How many of the ready ones lacked migrations, which this call applied.
    pub updated: usize,
    /// How many were dropped, because they were surplus or left by a crash.
    pub dropped: usize,
    /// How many spares with other migrations were kept, because another version of the application may need them.
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
