//! How many connections each tenant checked out: for the busiest tenants one by one, for all others together.

use std::{
    cmp::Reverse,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use quick_cache::sync::Cache;

use crate::SchemaName;

/// For how many tenants there is a count. Among more tenants, those that come often keep theirs.
const COUNTED: usize = 4096;

/// Counts by tenant.
pub(crate) struct TenantCounts {
    total: AtomicU64,
    by_tenant: Cache<SchemaName, Arc<AtomicU64>>,
}

impl Default for TenantCounts {
    fn default() -> Self {
        Self {
            total: AtomicU64::new(0),
            by_tenant: Cache::new(COUNTED),
        }
    }
}

impl TenantCounts {
    pub(crate) fn add(&self, tenant: &SchemaName) {
        self.total.fetch_add(1, Relaxed);
        match self.by_tenant.get(tenant) {
            Some(count) => _ = count.fetch_add(1, Relaxed),
            None => self.by_tenant.insert(tenant.clone(), Arc::new(AtomicU64::new(1))),
        }
    }

    /// How many there were in all.
    pub(crate) fn total(&self) -> u64 {
        self.total.load(Relaxed)
    }

    /// The count of one tenant, if it has one.
    #[cfg(feature = "metrics")]
    pub(crate) fn of(&self, tenant: &SchemaName) -> Option<u64> {
        Some(self.by_tenant.peek(tenant)?.load(Relaxed))
    }

    /// The tenants with the largest counts, the largest first.
    pub(crate) fn largest(&self, most: usize) -> Vec<(SchemaName, u64)> {
        let counts = self.by_tenant.iter();
        let mut counts: Vec<_> = counts.map(|(tenant, count)| (tenant, count.load(Relaxed))).collect();
        let rank = |(tenant, count): &(SchemaName, u64)| (Reverse(*count), tenant.clone());
        if counts.len() > most && most > 0 {
            counts.select_nth_unstable_by_key(most - 1, rank);
        }
        counts.truncate(most);
        counts.sort_by_cached_key(rank);
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(number: usize) -> SchemaName {
        SchemaName::new(&format!("tenant{number}")).expect("a name")
    }

    #[test]
    fn tenants_that_come_often_are_counted_among_any_number_of_others() {
        let counts = TenantCounts::default();
        for round in 0..100 {
            for busy in 0..10 {
                (0..=busy).for_each(|_| counts.add(&name(busy)));
            }
            (0..1_000).for_each(|other| counts.add(&name(1_000 + round * 1_000 + other)));
        }
        let largest = counts.largest(5);
        let expected: Vec<_> = (5..10)
            .rev()
            .map(|busy| (name(busy), 100 * (busy as u64 + 1)))
            .collect();
        assert_eq!(largest, expected);
        assert_eq!(counts.total(), 100 * (55 + 1_000));
        assert!(counts.by_tenant.len() <= COUNTED);
    }
}
