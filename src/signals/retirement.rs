//! Why connections are closed.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::variants::with_all_variants;

with_all_variants! {
    /// Why a pool closed a connection.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
    #[non_exhaustive]
    pub enum Retirement {
        /// It reached [`max_lifetime`](crate::TenantPoolBuilder::max_lifetime).
        Lifetime,
        /// It had served more tenants than [`max_tenants`](crate::TenantPoolBuilder::max_tenants).
        Tenants,
        /// It could keep no further statement prepared: [`max_statements`](crate::TenantPoolBuilder::max_statements).
        Statements,
        /// It was lost, or did not answer.
        Broken,
        /// Something was left on its session: a setting, a temporary table, an advisory lock, outdated plans.
        LeftState,
        /// A query was given up before its answer came.
        Abandoned,
        /// It came back with an open transaction.
        InTransaction,
        /// Another connection was put in its place.
        Swapped,
        /// More connections were idle than are kept. Only SQLite's pools count this.
        Surplus,
        /// A checkout could not use it.
        Unusable,
    }
    /// All of them.
    pub const ALL;
}

impl Retirement {
    /// The reason in one word, as metrics name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Lifetime => "lifetime",
            Self::Tenants => "tenants",
            Self::Statements => "statements",
            Self::Broken => "broken",
            Self::LeftState => "left_state",
            Self::Abandoned => "abandoned",
            Self::InTransaction => "in_transaction",
            Self::Swapped => "swapped",
            Self::Surplus => "surplus",
            Self::Unusable => "unusable",
        }
    }
}

/// Counts closed connections.
#[derive(Debug, Default)]
pub(crate) struct RetirementCounts([AtomicU64; Retirement::ALL.len()]);

impl RetirementCounts {
    pub(crate) fn add(&self, reason: Retirement) {
        self.0[reason as usize].fetch_add(1, Relaxed);
    }

    /// The figures now.
    pub(crate) fn read(&self) -> Retirements {
        Retirements(std::array::from_fn(|reason| self.0[reason].load(Relaxed)))
    }
}

/// How many connections were closed, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retirements([u64; Retirement::ALL.len()]);

impl Retirements {
    /// How many were closed for one reason.
    pub fn of(&self, reason: Retirement) -> u64 {
        self.0[reason as usize]
    }

    /// How many were closed in all.
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    /// Each reason, and how many were closed for it.
    pub fn iter(&self) -> impl Iterator<Item = (Retirement, u64)> {
        Retirement::ALL.into_iter().map(|reason| (reason, self.of(reason)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_is_counted_apart_and_has_a_name_of_its_own() {
        let counts = RetirementCounts::default();
        for (times, reason) in Retirement::ALL.into_iter().enumerate() {
            (0..times).for_each(|_| counts.add(reason));
        }
        let read = counts.read();
        assert!(read.iter().zip(0..).all(|((_, count), times)| count == times));
        assert_eq!(read.total(), 45);
        let mut names: Vec<_> = Retirement::ALL.map(Retirement::name).to_vec();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Retirement::ALL.len());
    }
}
