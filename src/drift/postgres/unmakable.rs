//! Objects of a template that can't be created in a tenant, because they would lead to the template.

use std::collections::HashSet;

use super::compare::{Comparison, Work};
use crate::backend::{object_kind::ObjectKind, postgres::structure::Object};

impl Comparison<'_> {
    /// Whether the template's object would lead to the template if the tenant had it.
    pub(super) fn leads_to_template(&self, object: &Object) -> bool {
        !self.is_template && !object.can_follow()
    }

    /// Removes from the work the objects that can't be created, and those that would have to be dropped for them.
    pub(super) fn leave_unmakable(&self, work: &mut Work) {
        let unmakable = self.unmakable(work);
        let needs_unmakable = |at: usize| self.expected[at].needs.iter().any(|need| unmakable.contains(need));
        work.make.retain(|at| !unmakable.contains(at));
        work.change.retain(|&at, _| !needs_unmakable(at));
        work.remove.retain(|&at| {
            let expected = self.expected_keys.get(&self.found[at].key());
            expected.is_none_or(|expected| !unmakable.contains(expected))
        });
    }

    /// Indexes of the objects that can't be created: they would lead to the template, or need an object that would.
    fn unmakable(&self, work: &Work) -> HashSet<usize> {
        let mut unmakable = HashSet::new();
        // Each object comes after the objects that it needs, so one pass suffices.
        for (at, object) in self.expected.iter().enumerate() {
            let is_known = self.found_keys.contains_key(&object.key());
            let leads = !is_known && (self.leads_to_template(object) || self.has_part_that_leads(object));
            let needs = object.needs.iter().any(|need| unmakable.contains(need));
            if work.make.contains(&at) && (leads || needs) {
                unmakable.insert(at);
            }
        }
        unmakable
    }

    /// Whether a part that is created together with the table would lead to the template.
    fn has_part_that_leads(&self, table: &Object) -> bool {
        let mut parts = self
            .expected
            .iter()
            .filter(|part| part.inline && part.parent == table.name);
        table.kind == ObjectKind::Table && parts.any(|part| self.leads_to_template(part))
    }
}
