use std::fmt;

use super::CrossReference;
use crate::{SchemaName, backend::postgres::structure::Kind};

/// How tenants differ from a template. See [`TenantPool::drift`](crate::TenantPool::drift).
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct DriftReport {
    /// The tenants that differ, in the order in which they were given.
    pub drifted: Vec<Drift>,
    /// How many don't.
    pub alike: usize,
    /// The tenants in which no difference was found, and that may differ all the same: they or the template have objects that are
    /// [not compared](Drift::not_compared).
    pub partly_compared: Vec<Drift>,
    /// The tenants that don't exist.
    pub missing: Vec<SchemaName>,
    /// What of the tenants leads into another tenant's schema. Also where the template has the same: then it is right for one tenant at
    /// most.
    pub cross_references: Vec<CrossReference>,
}

impl DriftReport {
    /// Whether all tenants exist, all of each was compared, none differs, and none leads into another one.
    pub fn is_clean(&self) -> bool {
        self.drifted.is_empty()
            && self.partly_compared.is_empty()
            && self.missing.is_empty()
            && self.cross_references.is_empty()
    }
}

/// How one tenant differs from the template.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Drift {
    /// The tenant.
    pub tenant: SchemaName,
    /// What differs.
    pub differences: Vec<Difference>,
    /// All statements that bring the tenant to the template's structure, in an order in which they can be run.
    ///
    /// They are more than those of the differences together: what depends on an object that is made anew, a view on a
    /// column of another type, say, is made anew as well.
    pub repair: Vec<Repair>,
    /// Objects of kinds that are not compared, of the tenant or the template: foreign tables, operator classes…
    pub not_compared: Vec<String>,
}

impl Drift {
    /// Whether there are statements for all that differs. Where it takes a decision about rows there are none.
    pub fn is_repairable(&self) -> bool {
        self.differences.iter().all(|difference| !difference.repair.is_empty())
    }
}

/// An object in which a tenant differs from the template.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Difference {
    /// What the object is.
    pub kind: Kind,
    /// The table (or domain) that it belongs to, if any.
    pub table: Option<String>,
    /// Its name, as the catalogs have it; of functions with the types of the arguments.
    pub name: String,
    /// How it differs.
    pub change: Change,
    /// How the template has it, without the schema's name.
    pub expected: Option<String>,
    /// How the tenant has it, without the schema's name.
    pub found: Option<String>,
    /// The statements that would repair it, to be run as a part of [`Drift::repair`]. None where it takes a decision: a
    /// label that an enum has too much, another partition key.
    pub repair: Vec<Repair>,
}

/// In which way an object differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The template has it, the tenant has not.
    Missing,
    /// The tenant has it, the template has not.
    Unexpected,
    /// Both have it, in different ways.
    Different,
}

/// A statement that is part of a repair.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Repair {
    /// The statement, with every name in full.
    pub sql: String,
    /// Whether it loses rows or values, or may.
    pub is_destructive: bool,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.name)?;
        if let Some(table) = &self.table {
            write!(f, " of {table}")?;
        }
        f.write_str(match self.change {
            Change::Missing => " is missing",
            Change::Unexpected => " is unexpected",
            Change::Different => " is different",
        })
    }
}

impl fmt::Display for Repair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sql)
    }
}
