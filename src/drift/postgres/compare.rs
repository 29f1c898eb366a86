//! Compares one tenant's structure with the template's, object by object.

use std::collections::{HashMap, HashSet};

use super::alter::{Alteration, alteration, loses};
use crate::{
    SchemaName,
    backend::{
        object_kind::ObjectKind,
        postgres::{
            own_objects,
            structure::{Column, Object, Structure, render, unqualified},
        },
    },
    drift::{Change, Difference, Drift, Repair},
};

pub(super) type Key<'a> = (ObjectKind, &'a str, &'a str);

/// Compares a tenant with the template.
pub(super) fn compare(template: &SchemaName, tenant: &SchemaName, expected: &Structure, found: &Structure) -> Drift {
    let comparison = Comparison {
        tenant,
        is_template: tenant == template,
        expected: &expected.objects,
        found: &found.objects,
        expected_keys: keys(expected),
        found_keys: keys(found),
    };
    Drift {
        not_compared: expected.unread.iter().chain(&found.unread).cloned().collect(),
        ..comparison.drift()
    }
}

fn keys(structure: &Structure) -> HashMap<Key<'_>, usize> {
    let objects = structure.objects.iter().enumerate();
    objects.map(|(index, object)| (object.key(), index)).collect()
}

pub(super) struct Comparison<'a> {
    tenant: &'a SchemaName,
    /// Whether the template is compared with itself.
    pub(super) is_template: bool,
    /// The template's objects, each after the objects that it needs.
    pub(super) expected: &'a [Object],
    pub(super) found: &'a [Object],
    pub(super) expected_keys: HashMap<Key<'a>, usize>,
    pub(super) found_keys: HashMap<Key<'a>, usize>,
}

/// What has to be done. Objects are referred to by their index in the two structures.
#[derive(Default)]
pub(super) struct Work {
    /// Indexes of found objects that are dropped, for good or to be created again.
    pub(super) remove: HashSet<usize>,
    /// Indexes of expected objects that are created.
    pub(super) make: HashSet<usize>,
    /// Statements that change an object in place, by the index of the expected object.
    pub(super) change: HashMap<usize, Vec<(String, bool)>>,
}

impl Comparison<'_> {
    fn drift(&self) -> Drift {
        let mut differences = Vec::new();
        let mut work = Work::default();
        let mut retyped = HashSet::new();
        for (at, object) in self.expected.iter().enumerate() {
            if self.is_ignored(object) {
                continue;
            }
            let Some(&found_at) = self.found_keys.get(&object.key()) else {
                if !self.comes_with_its_table(object, &self.found_keys) {
                    differences.push(difference(Change::Missing, Some(object), None));
                    work.make.insert(at);
                }
                continue;
            };
            let found = &self.found[found_at];
            let leads_to_template = self.leads_to_template(object);
            if object.is_like(found) && !leads_to_template || object.name == own_objects::VERSION_TABLE {
                continue;
            }
            differences.push(difference(Change::Different, Some(object), Some(found)));
            if leads_to_template {
                continue;
            }
            match alteration(object, found) {
                Alteration::Anew => {
                    work.remove.insert(found_at);
                }
                Alteration::InPlace {
                    statements,
                    retyped: is_retyped,
                } => {
                    work.change.insert(at, statements);
                    if is_retyped {
                        retyped.insert(found_at);
                    }
                }
                Alteration::ByHand => {}
            }
        }
        for (at, object) in self.found.iter().enumerate() {
            let is_known = self.is_ignored(object) || self.expected_keys.contains_key(&object.key());
            if !is_known && !self.comes_with_its_table(object, &self.expected_keys) && !self.is_about_unexpected(object)
            {
                differences.push(difference(Change::Unexpected, None, Some(object)));
                work.remove.insert(at);
            }
        }
        self.remove_dependents(&mut work, &retyped);
        self.leave_unmakable(&mut work);
        let repair = self.statements(&work, &mut differences);
        Drift {
            tenant: self.tenant.clone(),
            differences,
            repair,
            not_compared: Vec::new(),
        }
    }

    fn is_ignored(&self, object: &Object) -> bool {
        let is_handed_down = match object.kind {
            ObjectKind::Column => Column::of(&object.details).is_some_and(|column| column.origin != "own"),
            kind => kind == ObjectKind::Check && object.inline,
        };
        is_handed_down
            || object.parent == own_objects::VERSION_TABLE
            || matches!(object.kind, ObjectKind::Comment | ObjectKind::Grant)
                && object.name.contains(own_objects::VERSION_TABLE)
    }

    /// Whether the object belongs to a table that the other structure lacks, and is created or dropped together with
    /// that table.
    fn comes_with_its_table(&self, object: &Object, other: &HashMap<Key<'_>, usize>) -> bool {
        object.inline && !other.contains_key(&(ObjectKind::Table, "", &*object.parent))
    }

    /// Whether the object is a comment or a grant on an unexpected object: reporting that object says enough.
    fn is_about_unexpected(&self, object: &Object) -> bool {
        let subjects = object.needs.iter().map(|&need| self.found[need].key());
        matches!(object.kind, ObjectKind::Comment | ObjectKind::Grant)
            && subjects
                .into_iter()
                .any(|subject| !self.expected_keys.contains_key(&subject))
    }

    /// Adds the objects that depend on dropped objects.
    fn remove_dependents(&self, work: &mut Work, retyped: &HashSet<usize>) {
        // Each object comes after the objects that it needs, so one pass suffices.
        for (at, object) in self.found.iter().enumerate() {
            let needs_removed = object.needs.iter().any(|need| work.remove.contains(need));
            let needs_retyped = object.needs.iter().any(|need| retyped.contains(need));
            let goes = needs_removed && is_made_of_others(object) || needs_retyped && blocks_a_type(object);
            if goes && !self.is_ignored(object) {
                work.remove.insert(at);
            }
        }
        self.suspend_default_privileges(work);
        for &at in &work.remove {
            if let Some(&expected) = self.expected_keys.get(&self.found[at].key()) {
                work.make.insert(expected);
                work.change.remove(&expected);
            }
        }
    }

    /// Suspends default privileges while objects are created, so that these don't get them as well.
    fn suspend_default_privileges(&self, work: &mut Work) {
        let is_made = |object: &Object| {
            object.kind <= ObjectKind::Function
                || matches!(object.kind, ObjectKind::View | ObjectKind::MaterializedView)
        };
        let makes = work.make.iter().any(|&at| is_made(&self.expected[at]))
            || work.remove.iter().any(|&at| is_made(&self.found[at]));
        if makes {
            let defaults = self
                .found
                .iter()
                .enumerate()
                .filter(|(_, object)| object.is_default_privilege());
            work.remove.extend(defaults.map(|(at, _)| at));
        }
    }

    fn statements(&self, work: &Work, differences: &mut [Difference]) -> Vec<Repair> {
        let mut by_key: HashMap<(ObjectKind, String, String), usize> = HashMap::new();
        for (at, difference) in differences.iter().enumerate() {
            let table = difference.table.clone().unwrap_or_default();
            by_key.insert((difference.kind, table, difference.name.clone()), at);
        }
        let mut all = Vec::new();
        let mut add = |object: &Object, sql: &str, is_destructive: bool| {
            let repair = Repair {
                sql: render(sql, self.tenant),
                is_destructive,
            };
            let key = (object.kind, object.parent.clone(), object.name.clone());
            if let Some(&difference) = by_key.get(&key) {
                differences[difference].repair.push(repair.clone());
            }
            all.push(repair);
        };

        for (at, object) in self.found.iter().enumerate().rev() {
            if work.remove.contains(&at) && !self.goes_with_another(object, work) {
                for sql in &object.remove {
                    add(object, sql, loses(object));
                }
            }
        }
        for (at, object) in self.expected.iter().enumerate() {
            if work.make.contains(&at) {
                for sql in self.make(object) {
                    add(object, &sql, false);
                }
            }
            for (sql, may_lose) in work.change.get(&at).into_iter().flatten() {
                add(object, sql, *may_lose);
            }
        }
        all
    }

    /// Whether the object disappears together with the object that it is about, without a statement of its own.
    fn goes_with_another(&self, object: &Object, work: &Work) -> bool {
        matches!(object.kind, ObjectKind::Comment | ObjectKind::Grant)
            && self.expected_keys.contains_key(&object.key())
            && object.needs.iter().any(|need| work.remove.contains(need))
    }

    /// The statements that create an object. A column is created with its default, so that existing rows get it.
    fn make(&self, object: &Object) -> Vec<String> {
        if self.leads_to_template(object) {
            // The object was dropped only for a while, and is created again as the tenant had it.
            let own = self.found_keys.get(&object.key());
            return own.map(|&own| self.found[own].make.clone()).unwrap_or_default();
        }
        let default = self
            .expected_keys
            .get(&(ObjectKind::Default, &object.parent, &object.name));
        match (object.kind, Column::of(&object.details), default) {
            (ObjectKind::Column, Some(column), Some(&default)) if self.can_be_made_early(default) => {
                vec![column.add(&format!(" DEFAULT {}", self.expected[default].details.concat()))]
            }
            _ => object.make.clone(),
        }
    }

    /// Whether everything that a default needs exists before functions are created.
    fn can_be_made_early(&self, default: usize) -> bool {
        let default = &self.expected[default];
        let follows = !self.leads_to_template(default);
        follows
            && default.needs.iter().all(|&need| {
                let need = &self.expected[need];
                need.kind.comes_before_rows() || self.found_keys.contains_key(&need.key())
            })
    }
}

/// Whether an object can be created again from the template's definition without losing anything.
fn is_made_of_others(object: &Object) -> bool {
    match object.kind {
        ObjectKind::Column => !loses(object),
        ObjectKind::TextSearchDictionary | ObjectKind::TextSearchConfiguration | ObjectKind::DomainConstraint => true,
        kind => kind > ObjectKind::Partition,
    }
}

/// Whether a column on which the object depends can't get another type.
fn blocks_a_type(object: &Object) -> bool {
    match object.kind {
        ObjectKind::Column => !loses(object),
        kind => matches!(
            kind,
            ObjectKind::Default
                | ObjectKind::View
                | ObjectKind::MaterializedView
                | ObjectKind::Trigger
                | ObjectKind::Rule
                | ObjectKind::Policy
                | ObjectKind::Function
        ),
    }
}

fn difference(change: Change, expected: Option<&Object>, found: Option<&Object>) -> Difference {
    let object = expected
        .or(found)
        .expect("a difference has an expected or a found object");
    let text = |object: &Object| unqualified(&object.make.join(";\n"));
    Difference {
        kind: object.kind,
        table: (!object.parent.is_empty()).then(|| object.parent.clone()),
        name: object.name.clone(),
        change,
        expected: expected.map(text),
        found: found.map(text),
        repair: Vec::new(),
    }
}
