//! What there must be: written down by whoever did it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::{migrations::Plan, operation::Place, world::End};

/// A tenant, for as long as it lives, whatever its name is by then.
#[derive(Debug, Clone)]
pub struct Tenant {
    /// Stands in each of its own rows; nobody else ever gets it.
    pub mark: String,
    pub name: String,
    pub place: Place,
    pub suspended: bool,
    pub plan: Plan,
    /// Whether the third migration was reverted.
    pub reverted: bool,
    /// Rows that it was born with, as a clone of another one: number and mark.
    pub base: BTreeMap<i64, String>,
    pub written: Arc<Mutex<Written>>,
}

/// What was written to a tenant.
#[derive(Debug, Default)]
pub struct Written {
    pub acknowledged: BTreeSet<i64>,
    /// Sent, and nobody said what became of it.
    pub unknown: BTreeSet<i64>,
}

impl Tenant {
    pub fn new(mark: String, name: &str, place: Place, plan: Plan) -> Self {
        Self {
            mark,
            name: name.to_owned(),
            place,
            suspended: false,
            plan,
            reverted: false,
            base: BTreeMap::new(),
            written: Arc::default(),
        }
    }

    pub fn written(&self) -> MutexGuard<'_, Written> {
        lock(&self.written)
    }

    /// The schema's name.
    pub fn schema(&self) -> &str {
        match &self.place {
            Place::Home => &self.name,
            Place::Shard(schema) => schema,
        }
    }

    /// Where its schema is.
    pub fn end(&self) -> End {
        match self.place {
            Place::Home => End::Home,
            Place::Shard(_) => End::Shard,
        }
    }

    pub fn versions(&self) -> Vec<&'static str> {
        let mut versions = self.plan.versions().to_vec();
        if self.reverted {
            versions.retain(|version| *version != "3");
        }
        versions
    }

    /// Whether a row may be seen in it.
    pub fn may_have(&self, mark: &str) -> bool {
        mark == self.mark || self.base.values().any(|base| base == mark)
    }

    /// The rows that must be there.
    pub fn certain(&self) -> BTreeMap<i64, String> {
        let written = self.written();
        let own = written.acknowledged.iter().map(|n| (*n, self.mark.clone()));
        own.chain(self.base.clone()).collect()
    }

    /// Why these rows can't be all of the tenant's, if they can't: some that must be there, and no others than those
    /// sent.
    pub fn contradicts(&self, rows: &BTreeMap<i64, String>, certain: &BTreeMap<i64, String>) -> Option<String> {
        if let Some((n, mark)) = certain.iter().find(|(n, mark)| rows.get(n) != Some(mark)) {
            return Some(format!(
                "row {n} of {mark} was acknowledged, and there is {:?}",
                rows.get(n)
            ));
        }
        let written = self.written();
        let stranger = rows.iter().find(|(n, mark)| match self.base.get(n) {
            Some(base) => base != *mark,
            None => **mark != self.mark || !(written.acknowledged.contains(n) || written.unknown.contains(n)),
        });
        stranger.map(|(n, mark)| format!("row {n} of {mark} is not one of {}", self.mark))
    }
}

pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
