//! Decides which tenants to move, by sizes alone.
//!
//! At least those bytes must move that a database holds beyond the tolerance, or lacks to reach it. The smallest tenant
//! that is enough moves alone, unless it is far more than that; or else the largest one that is not enough moves, and
//! then the next: so few tenants move, and few bytes.

use std::collections::HashSet;

use crate::SchemaName;

/// A tenant that may move.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    pub(super) tenant: SchemaName,
    pub(super) schema: SchemaName,
    pub(super) tables: u64,
    pub(super) bytes: u64,
    pub(super) rows: u64,
}

/// A database that takes part.
#[derive(Debug, Default)]
pub(super) struct Load {
    /// What all tenants there hold, those that stay included.
    pub(super) bytes: u64,
    /// Those that may move, in any order.
    pub(super) candidates: Vec<Candidate>,
    /// The names that schemas have there already.
    pub(super) taken: HashSet<SchemaName>,
    /// Whether a tenant's schema must have the tenant's name there.
    pub(super) is_own: bool,
}

impl Load {
    /// The name that a tenant's schema would have here.
    pub(super) fn schema_for<'c>(&self, candidate: &'c Candidate) -> &'c SchemaName {
        match self.is_own {
            true => &candidate.tenant,
            // A schema that keeps its name keeps all texts that contain it.
            false => &candidate.schema,
        }
    }

    fn has_room_for(&self, candidate: &Candidate) -> bool {
        !self.taken.contains(self.schema_for(candidate))
    }
}

/// One move, between databases by their positions.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) candidate: Candidate,
    pub(super) from: usize,
    pub(super) to: usize,
}

/// How many bytes a database may hold.
#[derive(Debug, Clone, Copy)]
pub(super) struct Range {
    lower: u64,
    upper: u64,
}

impl Range {
    /// The average, and a fraction of it below and above.
    pub(super) fn around_average(loads: &[Load], tolerance: f64) -> Self {
        let total: u64 = loads.iter().map(|load| load.bytes).sum();
        let average = total / (loads.len() as u64).max(1);
        let slack = (average as f64 * tolerance) as u64;
        Self {
            lower: average.saturating_sub(slack),
            // What a division leaves over has to be somewhere.
            upper: average.saturating_add(slack).saturating_add(1),
        }
    }

    pub(super) fn contains(&self, bytes: u64) -> bool {
        self.distance(bytes) == 0
    }

    fn distance(&self, bytes: u64) -> u64 {
        bytes.saturating_sub(self.upper) + self.lower.saturating_sub(bytes)
    }
}

/// Moves tenants on paper until all loads are within the range, no further move brings them closer, or there are
/// enough moves. No tenant moves twice.
pub(super) fn even_out(loads: &mut [Load], range: Range, at_most: usize) -> Vec<Step> {
    for load in loads.iter_mut() {
        load.candidates.sort_by_key(|candidate| candidate.bytes);
    }
    let mut steps = Vec::new();
    while steps.len() < at_most
        && let Some((from, position, to)) = next(loads, range)
    {
        let candidate = loads[from].candidates.remove(position);
        let schema = loads[to].schema_for(&candidate).clone();
        loads[from].bytes -= candidate.bytes;
        loads[to].bytes += candidate.bytes;
        loads[to].taken.insert(schema);
        steps.push(Step { candidate, from, to });
    }
    steps
}

/// The next move: from the fullest database that has a tenant for it, to the emptiest that can take the tenant.
fn next(loads: &[Load], range: Range) -> Option<(usize, usize, usize)> {
    let mut order: Vec<usize> = (0..loads.len()).collect();
    order.sort_by_key(|&database| loads[database].bytes);
    for &from in order.iter().rev() {
        for &to in &order {
            if loads[to].bytes >= loads[from].bytes {
                break;
            }
            if let Some(position) = choose(&loads[from], &loads[to], range) {
                return Some((from, position, to));
            }
        }
    }
    None
}

/// The position of the tenant that is best moved between two databases, if moving any is worth its bytes.
fn choose(from: &Load, to: &Load, range: Range) -> Option<usize> {
    let excess = from.bytes.saturating_sub(range.upper);
    let lack = range.lower.saturating_sub(to.bytes);
    let needed = match (excess, lack) {
        (0, 0) => return None,
        (0, bytes) | (bytes, 0) => bytes,
        // Another database may have the rest of the two, so that it has to move anyway.
        (excess, lack) => excess.min(lack),
    };
    // More than this would bring one of the two out of the range at its other end.
    let bearable = from
        .bytes
        .saturating_sub(range.lower)
        .min(range.upper.saturating_sub(to.bytes));
    let sorted = &from.candidates;
    let below = |bytes: u64| sorted.partition_point(|candidate| candidate.bytes <= bytes);
    let fits = |position: &usize| sorted[*position].bytes > 0 && to.has_room_for(&sorted[*position]);

    let first_enough = sorted.partition_point(|candidate| candidate.bytes < needed);
    let enough = (first_enough..below(bearable)).find(fits);
    let largest = || (0..below(needed.min(bearable))).rev().find(fits);
    let oversized = || {
        let larger = (below(bearable)..sorted.len()).filter(fits);
        let worthy = larger.filter_map(|position| {
            let bytes = sorted[position].bytes;
            let before = range.distance(from.bytes) + range.distance(to.bytes);
            let after = range.distance(from.bytes - bytes) + range.distance(to.bytes + bytes);
            // A move that helps by less than half of its bytes costs more than it is worth.
            let gain = before.checked_sub(after)?;
            (gain > bytes / 2).then_some((after, position))
        });
        worthy.min().map(|(_, position)| position)
    };
    let near = enough.filter(|position| sorted[*position].bytes / 2 <= needed);
    near.or_else(largest).or(enough).or_else(oversized)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(sizes: &[u64], fixed: u64, first: usize) -> Load {
        let candidate = |(index, bytes): (usize, &u64)| {
            let name: SchemaName = format!("t{}", first + index).parse().unwrap();
            Candidate {
                tenant: name.clone(),
                schema: name,
                tables: 1,
                bytes: *bytes,
                rows: 0,
            }
        };
        let candidates: Vec<Candidate> = sizes.iter().enumerate().map(candidate).collect();
        Load {
            bytes: fixed + sizes.iter().sum::<u64>(),
            taken: candidates.iter().map(|candidate| candidate.schema.clone()).collect(),
            candidates,
            is_own: false,
        }
    }

    fn loads(sizes: &[&[u64]]) -> Vec<Load> {
        let loads = sizes.iter().enumerate();
        loads.map(|(index, sizes)| load(sizes, 0, index * 1_000)).collect()
    }

    fn plan(loads: &mut [Load], tolerance: f64) -> Vec<(u64, usize, usize)> {
        let range = Range::around_average(loads, tolerance);
        let steps = even_out(loads, range, usize::MAX);
        steps
            .iter()
            .map(|step| (step.candidate.bytes, step.from, step.to))
            .collect()
    }

    #[test]
    fn loads_within_the_tolerance_are_left_alone() {
        assert!(plan(&mut loads(&[&[50, 45], &[55, 50]]), 0.1).is_empty());
        assert!(plan(&mut loads(&[&[], &[]]), 0.1).is_empty());
        assert!(plan(&mut [], 0.1).is_empty());
    }

    #[test]
    fn the_smallest_tenant_that_is_enough_moves_alone() {
        // About 90 to 110 each: about 40 must move, and 45 is nearest above.
        assert_eq!(plan(&mut loads(&[&[10, 20, 45, 75], &[50]]), 0.1), [(45, 0, 1)]);
    }

    #[test]
    fn where_none_is_enough_the_largest_goes_first() {
        assert_eq!(
            plan(&mut loads(&[&[20, 10, 30, 90], &[50]]), 0.1),
            [(30, 0, 1), (10, 0, 1)]
        );
    }

    #[test]
    fn several_small_tenants_move_rather_than_one_that_is_far_too_large() {
        // 12 must move, and 58 could.
        let moved = plan(&mut loads(&[&[61, 8, 5, 48], &[78]]), 0.1);
        assert_eq!(moved, [(8, 0, 1), (5, 0, 1)]);
    }

    #[test]
    fn an_empty_database_is_filled_from_several() {
        let mut three = loads(&[&[10; 10], &[10; 10], &[]]);
        let moved = plan(&mut three, 0.1);
        assert_eq!(moved.len(), 6, "{moved:?}");
        assert!(moved.iter().all(|(_, _, to)| *to == 2));
        let bytes: Vec<u64> = three.iter().map(|load| load.bytes).collect();
        assert_eq!(bytes, [70, 70, 60]);
    }

    #[test]
    fn a_tenant_that_is_too_large_for_any_place_does_not_move_to_and_fro() {
        assert!(plan(&mut loads(&[&[100], &[]]), 0.1).is_empty());
        assert_eq!(plan(&mut loads(&[&[85, 15], &[10]]), 0.1), [(15, 0, 1)]);
    }

    #[test]
    fn a_name_that_is_taken_at_the_target_keeps_a_tenant_from_moving_there() {
        let mut two = loads(&[&[10, 20, 45, 75], &[50]]);
        two[1].taken.insert("t2".parse().unwrap());
        assert_eq!(plan(&mut two, 0.1), [(20, 0, 1), (10, 0, 1)]);
        // In the pool's own database, what counts is the tenant's name.
        let mut two = loads(&[&[45, 105], &[50]]);
        two[1].is_own = true;
        two[0].candidates[0].schema = "other".parse().unwrap();
        two[1].taken.insert("t0".parse().unwrap());
        assert!(plan(&mut two, 0.1).is_empty());
    }

    #[test]
    fn two_schemas_of_one_name_do_not_move_to_one_place() {
        let mut three = loads(&[&[30, 60], &[30, 60], &[]]);
        for load in &mut three[..2] {
            for (candidate, name) in load.candidates.iter_mut().zip(["small", "large"]) {
                candidate.schema = name.parse().unwrap();
            }
        }
        let range = Range::around_average(&three, 0.1);
        let steps = even_out(&mut three, range, usize::MAX);
        let schemas: Vec<&str> = steps.iter().map(|step| step.candidate.schema.as_str()).collect();
        let different: HashSet<&str> = schemas.iter().copied().collect();
        assert_eq!(schemas.len(), different.len(), "{schemas:?}");
    }

    #[test]
    fn the_number_of_moves_is_limited() {
        let mut three = loads(&[&[10; 10], &[10; 10], &[]]);
        let range = Range::around_average(&three, 0.1);
        assert_eq!(even_out(&mut three, range, 2).len(), 2);
    }

    /// Numbers that are the same in each run.
    struct Random(u64);

    impl Random {
        fn below(&mut self, limit: u64) -> u64 {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (self.0 >> 33) % limit
        }
    }

    #[test]
    fn many_small_tenants_are_evened_out_by_about_the_fewest_bytes() {
        let mut tested = 0;
        for seed in 0..200 {
            let mut random = Random(seed);
            let databases = 2 + random.below(6) as usize;
            let mut all: Vec<Load> = (0..databases)
                .map(|database| {
                    let count = random.below(400) as usize;
                    let sizes: Vec<u64> = (0..count).map(|_| 1 + random.below(100)).collect();
                    load(&sizes, random.below(500), database * 1_000)
                })
                .collect();
            let range = Range::around_average(&all, 0.1);
            // No tenant is wider than the range.
            if range.upper - range.lower < 200 {
                continue;
            }
            tested += 1;
            let movable: u64 = all.iter().flat_map(|load| &load.candidates).map(|one| one.bytes).sum();
            let total: u64 = all.iter().map(|load| load.bytes).sum();
            let excess: u64 = all.iter().map(|load| load.bytes.saturating_sub(range.upper)).sum();
            let lack: u64 = all.iter().map(|load| range.lower.saturating_sub(load.bytes)).sum();
            let steps = even_out(&mut all, range, usize::MAX);
            assert!(all.iter().all(|load| range.contains(load.bytes)), "{seed}: {all:?}");
            let moved: u64 = steps.iter().map(|step| step.candidate.bytes).sum();
            let bound = excess.max(lack) + 200 * databases as u64;
            assert!(moved <= bound.min(movable), "{seed}: {moved} of {excess} and {lack}");
            assert_eq!(total, all.iter().map(|load| load.bytes).sum::<u64>(), "{seed}");
            let mut names: Vec<_> = steps.iter().map(|step| step.candidate.tenant.clone()).collect();
            names.sort();
            names.dedup();
            assert_eq!(names.len(), steps.len(), "{seed}: nobody moves twice");
        }
        assert!(tested > 150, "only {tested} were tested");
    }
}
